from . import controllers, demo, models
from .hooks import pre_init_hook
