"""The three nets: reader B (convolution + CTC + colour head), the locator (centre, corners, rows), the refiner (corners)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from lpr.rules.plate import COLOURS

READER_H, READER_W = 48, 168


def conv(
    inputs: int, outputs: int, kernel: tuple[int, int] = (3, 3), stride: tuple[int, int] = (1, 1)
) -> nn.Sequential:
    padding = (kernel[0] // 2, kernel[1] // 2)
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class Residual(nn.Module):
    """Two 3x3 convolutions beside a straight way through."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = conv(channels, channels)
        self.second = nn.Sequential(
            nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(x + self.second(self.first(x)))


class ReaderNet(nn.Module):
    """`(N, 3, 48, 168)` in -1..1 to log-odds `(N, 42, classes)` (class 0 is the CTC blank) and colours `(N, 6)`."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(conv(3, 16, stride=(2, 2)), conv(16, 32, stride=(2, 2)))
        self.body = nn.Sequential(
            conv(32, 64, stride=(2, 1)), Residual(64), conv(64, 96, stride=(2, 1)), Residual(96)
        )
        self.collapse = nn.Sequential(
            nn.Conv2d(96, 128, (3, 1), bias=False), nn.BatchNorm2d(128), nn.ReLU(inplace=True)
        )
        self.context = nn.Sequential(conv(128, 128, (1, 5)), nn.Dropout(0.05), conv(128, 128, (1, 3)))
        self.letters = nn.Conv2d(128, classes, 1)
        self.colour = nn.Linear(64, len(COLOURS))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        low = self.stem(x)
        colour = self.colour(torch.cat([low.mean((2, 3)), low.amax((2, 3))], 1))
        row = self.context(self.collapse(self.body(low)))
        return self.letters(row).squeeze(2).transpose(1, 2), colour


class LocatorNet(nn.Module):
    """`(N, 3, H, W)` to `(N, 10, H/8, W/8)`: centre log-odds, two-row log-odds, eight corner offsets in units of 8 px."""

    def __init__(self) -> None:
        super().__init__()
        self.down4 = nn.Sequential(conv(3, 12, stride=(2, 2)), conv(12, 24, stride=(2, 2)), conv(24, 24))
        self.down8 = nn.Sequential(conv(24, 48, stride=(2, 2)), Residual(48))
        self.down16 = nn.Sequential(conv(48, 64, stride=(2, 2)), Residual(64), Residual(64))
        self.down32 = nn.Sequential(conv(64, 64, stride=(2, 2)), Residual(64))
        self.up16 = conv(128, 64, (1, 1))
        self.join8 = conv(64 + 48, 48, (1, 1))
        self.smooth = conv(48, 48)
        self.head = nn.Conv2d(48, 10, 1)
        nn.init.constant_(self.head.bias, 0.0)
        self.head.bias.data[0] = -4.0

    def forward(self, x: Tensor) -> Tensor:
        s8 = self.down8(self.down4(x))
        s16 = self.down16(s8)
        s32 = functional.interpolate(self.down32(s16), scale_factor=2.0, mode="nearest")
        s16 = functional.interpolate(self.up16(torch.cat([s16, s32], 1)), scale_factor=2.0, mode="nearest")
        return self.head(self.smooth(self.join8(torch.cat([s8, s16], 1))))


class RefinerNet(nn.Module):
    """`(N, 3, 64, 176)` to `(N, 10)`: eight corner offsets in units of 8 px, two-row and is-a-plate log-odds."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Sequential(
            conv(3, 16, stride=(2, 2)),
            conv(16, 32, stride=(2, 2)),
            conv(32, 48, stride=(2, 2)),
            Residual(48),
            conv(48, 64, stride=(2, 2)),
            Residual(64),
            conv(64, 24, (1, 1)),
        )
        self.head = nn.Sequential(
            nn.Flatten(), nn.Linear(24 * 4 * 11, 96), nn.ReLU(inplace=True), nn.Linear(96, 10)
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.head(self.down(x))
        return out
