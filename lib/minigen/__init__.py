"""Miniature generative models and the means to look at them.

Import the room that you need (`from minigen import density`). This file imports
nothing, so that a change in one room re-runs only the chapters that use it.
"""
