"""Weights without training: numbers that a seed gives, the same here and in Go (internal/parity/case_test.go)."""
import zlib

import numpy as np
import torch


def numbers(seed, count):
    """SplitMix64 (Steele, Lea and Flood 2014), 24 bits of it, as float64 between -1 and 1."""
    out = np.empty(count, dtype=np.float64)
    step = 1 << 22
    for start in range(0, count, step):
        with np.errstate(over='ignore'):
            i = np.arange(start + 1, min(start + step, count) + 1, dtype=np.uint64)
            z = np.uint64(seed) + i * np.uint64(0x9E3779B97F4A7C15)
            z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            z ^= z >> np.uint64(31)
        out[start:start + step] = (z >> np.uint64(40)).astype(np.float64) / (1 << 23) - 1
    return out


def values(recipe, count):
    return (recipe['shift'] + recipe['scale'] * numbers(recipe['seed'], count)).astype(np.float32)


def recipe(name, tensor):
    """How a parameter is made: so that signals keep their size through the layers, and biases and norms show."""
    leaf = name.rsplit('.', 1)[-1]
    seed = zlib.crc32(name.encode())
    if leaf in ('running_var',):
        return {'seed': seed, 'scale': 0.25, 'shift': 1.0}
    if tensor.dim() <= 1:
        if leaf in ('weight', 'gamma', 'gamma_1', 'gamma_2'):
            return {'seed': seed, 'scale': 0.2, 'shift': 1.0}
        return {'seed': seed, 'scale': 0.1, 'shift': 0.0}
    if 'embed' in name and 'patch' not in name and 'proj' not in name:
        return {'seed': seed, 'scale': 1.0 if 'token' in name or 'word' in name or 'shared' in name else 0.3, 'shift': 0.0}
    fan = tensor[0].numel() if leaf == 'weight' else tensor.shape[0]
    return {'seed': seed, 'scale': float(np.sqrt(3.0 / max(fan, 1))), 'shift': 0.0}


@torch.no_grad()
def fill(module):
    """Fills all parameters and running statistics and returns the recipes by name."""
    made = {}
    tensors = list(module.named_parameters()) + [(n, b) for n, b in module.named_buffers() if n.endswith(('running_mean', 'running_var'))]
    for name, tensor in tensors:
        if name.endswith(('logit_scale', 'logit_bias')):
            continue
        r = recipe(name, tensor)
        tensor.copy_(torch.from_numpy(values(r, tensor.numel()).reshape(tensor.shape)))
        made[name] = r
    return made
