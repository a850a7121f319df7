from . import demo_practice
