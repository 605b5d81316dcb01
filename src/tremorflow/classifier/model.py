"""The network: spectra of a window and their background -> logits of noise, tremor and earthquake.

Scaling is part of the network, so that what is trained and what is run cannot differ in it. Needs torch (the
extra "train"); to run a trained network does not.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from tremorflow.options import option, settings_class
from tremorflow.records import CLASSES, ROLES

CLIP = 3.0  # decades of power about the level or the background; strong earthquakes reach 6


@settings_class
class ModelSettings:
    """Size of the network, and how it scales what it is given."""

    scaling: Literal["background", "maximum", "zscore"] = option(
        "background",
        unit="-",
        reason="shape, and excess over background; maximum (Nakano 2019), zscore (Jinde 2025): baselines",
    )
    channels: tuple[int, ...] = option(
        (16, 48, 96, 96),
        unit="-",
        reason="0.4 ms a window on one thread, a station-day in 0.6 s; multiples of 16 run twice as fast",
    )
    hidden: int = option(64, unit="-", reason="as wide as the last convolution", ge=8)
    dropout: float = option(
        0.3, unit="-", reason="before the last layers, where most parameters meet", ge=0, lt=1
    )


class Diet(nn.Module):
    """Convolutions over frequency and time, mean and maximum over time, two layers.

    Time is pooled away, so that it does not matter when in a window something happens; frequency is not,
    for 2 Hz is not 8 Hz.

    Inputs are ``log_power`` (window, component, frequency, time), ``background`` (window, component,
    frequency), both with NaN where missing, and ``context`` (window,); output is (window, class).
    """

    def __init__(self, settings: ModelSettings, n_bins: int) -> None:
        super().__init__()
        self.settings = settings
        views = 2 if settings.scaling == "background" else 1
        layers: list[nn.Module] = []
        width = (views + 1) * len(ROLES)
        rows = n_bins
        for number, channels in enumerate(settings.channels):
            layers += [
                nn.Conv2d(width, channels, 3, padding=1, bias=False),
                nn.BatchNorm2d(channels),
                nn.ReLU(),
            ]
            if number < len(settings.channels) - 1:
                layers.append(nn.MaxPool2d(2))
                rows //= 2
            width = channels
        self.features = nn.Sequential(*layers)
        self.head = nn.Sequential(
            nn.Dropout(settings.dropout),
            nn.Linear(2 * width * rows + 1, settings.hidden),
            nn.ReLU(),
            nn.Dropout(settings.dropout),
            nn.Linear(settings.hidden, len(CLASSES)),
        )

    def forward(self, log_power: Tensor, background: Tensor, context: Tensor) -> Tensor:
        """Logits (window, class)."""
        planes = scale(log_power, background, self.settings.scaling)
        maps = self.features(planes)
        pooled = torch.cat([maps.mean(dim=3), maps.amax(dim=3)], dim=1).flatten(start_dim=1)
        logits: Tensor = self.head(torch.cat([pooled, context[:, None]], dim=1))
        return logits


def scale(log_power: Tensor, background: Tensor, scaling: str) -> Tensor:
    """Input planes (window, plane, frequency, time), 0 where nothing is, and masks of what is there.

    Notes
    -----
    "background": the log power less its mean over the window (the shape), component by component, and its
    excess over the background at each frequency, both clipped at +-``CLIP`` decades and never divided by a
    spread. Where no background is known it is the mean of the window at that frequency. "maximum" and
    "zscore": amplitude over the largest of the window, and by component less its mean over its spread.
    """
    missing = torch.isnan(log_power)
    present = 1.0 - missing.to(log_power.dtype)
    clean = torch.where(missing, torch.zeros_like(log_power), log_power)
    if scaling == "background":
        shape = clean - _mean(clean, present, (2, 3))
        known = torch.where(torch.isnan(background), _mean(clean, present, (3,))[..., 0], background)
        excess = clean - known[..., None]
        views = [present * torch.clamp(view, -CLIP, CLIP) for view in (shape, excess)]
    else:
        amplitude = present * 10 ** (0.5 * clean)
        if scaling == "maximum":
            views = [amplitude / amplitude.amax(dim=(1, 2, 3), keepdim=True).clamp(min=1e-30)]
        else:
            centred = present * (amplitude - _mean(amplitude, present, (2, 3)))
            spread = _mean(centred**2, present, (2, 3)).sqrt()
            views = [centred / spread.clamp(min=1e-30)]
    return torch.cat([*views, present], dim=1)


def _mean(values: Tensor, present: Tensor, dims: tuple[int, ...]) -> Tensor:
    """Mean over dimensions of what is present (the rest is 0); 0 where nothing is."""
    total = values.sum(dim=dims, keepdim=True)
    return total / present.sum(dim=dims, keepdim=True).clamp(min=1.0)
