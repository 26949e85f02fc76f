import subprocess
import sys

import core.data


def test_every_exported_name_is_there_and_sorted():
    assert all(hasattr(core.data, name) for name in core.data.__all__)
    assert sorted(core.data.__all__) == sorted(set(core.data.__all__))


def test_the_package_loads_without_torch():
    code = "import sys, core.data; print('torch' in sys.modules, 'streamlit' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["False", "False"]
