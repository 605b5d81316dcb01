"""Settings of the classifier by name: ours, and two that stand in for published designs, for comparison.

The stand-ins are ours too, after what is public of their inputs; sizes of layers that are not public are
our own, and the windows are those of our datasets.
"""

from typing import Any, NamedTuple

from tremorflow.spectrogram import SpectrogramSettings


class Profile(NamedTuple):
    """Spectrograms, and the keys of ``ModelSettings`` that differ from its defaults."""

    spectrogram: SpectrogramSettings
    model: dict[str, Any]


PROFILES: dict[str, Profile] = {
    "default": Profile(SpectrogramSettings(), {}),
    # Nakano et al. (2019), followed by Takahashi et al. (2021): 5.12 s frames, 64 x 64 pixels of 0.2-12.5 Hz
    # (what a recorder of 25 Hz holds of them), over the largest; two convolutions. Theirs are 163.84 s long.
    "nakano": Profile(
        SpectrogramSettings(frame_s=5.12, hop_s=1.8, band_hz=(0.19, 12.5)),
        {"scaling": "maximum", "channels": (16, 32)},
    ),
    # Jinde et al. (2025), TremorLocator: 60 s, 2-8 Hz, 5-s frames every 1.19 s, z-score by component.
    "jinde": Profile(
        SpectrogramSettings(window_s=60.0, frame_s=5.0, hop_s=1.2, band_hz=(2.0, 8.0)),
        {"scaling": "zscore"},
    ),
}
