"""The strategies an update can use, as they are declared: one line each, in the order of lists. Imports no torch."""

from core.continual.methods.base import FINETUNE, Method, StrategyConfig
from core.continual.methods.exact import NCM, RIDGE, SLDA
from core.continual.methods.protecting import EWC, LWF, MAS, SI
from core.continual.methods.rehearsing import AGEM, DER, DERPP, REPLAY, SELF_TRAINING
from core.continual.methods.restarting import GDUMB, JOINT

STRATEGIES: dict[str, Method] = {
    method.name: method
    for method in (FINETUNE, REPLAY, SELF_TRAINING, DER, DERPP, AGEM, EWC, SI, MAS, LWF, NCM, RIDGE, SLDA, GDUMB, JOINT)
}

__all__ = ["FINETUNE", "REPLAY", "SELF_TRAINING", "STRATEGIES", "Method", "StrategyConfig"]
