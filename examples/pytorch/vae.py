"""vae.c in PyTorch.  usage: vae.py [--steps N] [--pgm FILE] [SEED]"""
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from common import Clock, Log, arguments

SIDE, PIXELS, TRAIN, SHOWN, HIDDEN, LATENT, BATCH, EPOCHS = 12, 144, 2000, 8, 64, 3, 50, 30


def make_images(n):
    x = torch.arange(0, SIDE, dtype=torch.float32)
    y = x.unsqueeze(1)
    blob = torch.rand(n, 3, 1, 1)
    across = x - (blob[:, 0] * 7 + 2)
    down = y - (blob[:, 1] * 7 + 2)
    wide = blob[:, 2] * 1.5 + 1
    return torch.exp(-((across.square() + down.square()) / (wide.square() * 2))).reshape(n, PIXELS)


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(PIXELS, HIDDEN), nn.ReLU())
        self.mean = nn.Linear(HIDDEN, LATENT)
        self.log_variance = nn.Linear(HIDDEN, LATENT)
        self.decoder = nn.Sequential(nn.Linear(LATENT, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, PIXELS))

    def negative_elbo(self, images):
        hidden = self.encoder(images)
        mean, log_variance = self.mean(hidden), self.log_variance(hidden)
        code = mean + torch.exp(log_variance * 0.5) * torch.randn(mean.shape)
        error = nn.functional.binary_cross_entropy_with_logits(self.decoder(code), images, reduction="sum")
        divergence = -0.5 * (log_variance + 1 - mean.square() - log_variance.exp()).sum()
        return (error + divergence) / len(images)

    @torch.no_grad()
    def reconstruct(self, images):
        return torch.sigmoid(self.decoder(self.mean(self.encoder(images))))


def train(model, images, log):
    adam = torch.optim.Adam(model.parameters(), lr=0.002)
    loader = DataLoader(TensorDataset(images), batch_size=BATCH, shuffle=True)
    for epoch in range(1, EPOCHS + 1):
        total = 0.0
        for (batch,) in loader:
            loss = model.negative_elbo(batch)
            adam.zero_grad()
            loss.backward()
            adam.step()
            total += loss.item()
            if log.full(loss.item()):
                return
        if not log.steps and epoch % 5 == 0:
            print("epoch %2d  ELBO %.4f nats" % (epoch, -total / len(loader)))


def write_pgm(path, images, reconstructions):
    grid = torch.stack([images, reconstructions]).reshape(2, SHOWN, SIDE, SIDE).permute(0, 2, 1, 3)
    with open(path, "wb") as file:
        file.write(b"P5\n%d %d\n255\n" % (SHOWN * SIDE, 2 * SIDE))
        file.write((grid * 255).round().to(torch.uint8).contiguous().numpy().tobytes())


def print_images(images, reconstructions):
    for line in range(3 * SIDE):
        for side in images, reconstructions:
            pixels = side.reshape(-1, SIDE)[line]
            print("    " + "".join(" .:-=+*#%@"[int(p * 9.99)] for p in pixels), end="")
        print("\n" if line % SIDE == SIDE - 1 else "")


given = arguments(pgm="where to write images and reconstructions")
images, shown = make_images(TRAIN), make_images(SHOWN)
model = VAE()
with Clock():
    train(model, images, Log(given.steps))
reconstructions = model.reconstruct(shown)
if not given.steps:
    print_images(shown, reconstructions)
if given.pgm:
    write_pgm(given.pgm, shown, reconstructions)
