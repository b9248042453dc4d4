"""The models of the sources and ResNet, written in PyTorch with the names of our layers.

PyTorch is passed as `torch` and not imported. The names of parameters and buffers are those that
`state_dict` gives to the arrays of our model, so ``load_state_dict`` accepts them all. Sizes are
ours:  images (N, C, H, W),  D = C H W features, K classes.

Chapter: book/pytorch.md.
"""

WIDTHS = (16, 32, 64)  # filters of the three stages of a ResNet


def linear_classifier(torch, D, K):
    """Write the linear classifier:  (N, …) → (N, K)."""

    class LinearClassifier(torch.nn.Linear):
        def forward(self, x):
            return super().forward(x.flatten(1))

    return LinearClassifier(D, K)


def two_layer(torch, D, M, K):
    """Write the two-layer network:  (N, …) → (N, K)."""
    nn = torch.nn

    class TwoLayer(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden = nn.Linear(D, M)
            self.output = nn.Linear(M, K)

        def forward(self, x):
            h = torch.relu(self.hidden(x.flatten(1)))
            return self.output(h)

    return TwoLayer()


def two_layer_convnet(torch, size, F, K, kernel_size=5):
    """Write the two-layer ConvNet:  (N, C, H, W) → (N, K)."""
    nn = torch.nn
    C, H, W = size

    class TwoLayerConvNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(C, F, kernel_size, padding="same")
            self.output = nn.Linear(F * (H // 2) * (W // 2), K)

        def forward(self, x):
            x = torch.relu(self.conv(x))
            x = nn.functional.max_pool2d(x, 2)
            return self.output(x.flatten(1))

    return TwoLayerConvNet()


def residual_block(torch, C, F, stride):
    """Write a residual block with a shortcut of option A:  channels C to F."""
    nn = torch.nn

    class ResidualBlock(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(C, F, 3, stride, padding=1, bias=False)
            self.norm1 = nn.BatchNorm2d(F)
            self.conv2 = nn.Conv2d(F, F, 3, padding=1, bias=False)
            self.norm2 = nn.BatchNorm2d(F)

        def forward(self, x):
            y = torch.relu(self.norm1(self.conv1(x)))
            y = self.norm2(self.conv2(y))
            x = x[:, :, ::stride, ::stride]
            x = nn.functional.pad(x, (0, 0, 0, 0, 0, F - C))
            return torch.relu(y + x)

    return ResidualBlock()


def resnet(torch, K=10, depth=20):
    """Write ResNet for small images:  (N, 3, H, W) → (N, K),  depth 6 n + 2."""
    nn = torch.nn

    class ResNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 16, 3, padding=1, bias=False)
            self.norm = nn.BatchNorm2d(16)
            self.blocks = nn.ModuleList(blocks(torch, (depth - 2) // 6))
            self.output = nn.Linear(64, K)

        def forward(self, x):
            x = torch.relu(self.norm(self.conv(x)))
            for block in self.blocks:
                x = block(x)
            return self.output(x.mean(dim=(2, 3)))

    return ResNet()


def blocks(torch, n):
    """Write the 3 n blocks of a ResNet; the first of a stage halves height and width."""
    found = []
    C = WIDTHS[0]
    for F in WIDTHS:
        for _ in range(n):
            found.append(residual_block(torch, C, F, F // C))
            C = F
    return found
