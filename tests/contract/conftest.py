"""The pages, as the dashboard's own tests open them."""

from tests.dashboard.conftest import _fresh_caches, _main_module_stays, _strict_catalogues, open_page

__all__ = ["_fresh_caches", "_main_module_stays", "_strict_catalogues", "open_page"]
