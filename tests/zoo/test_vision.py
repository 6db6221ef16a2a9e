"""torchvision beside any build of PyTorch."""

import pytest
import torch

from vidstyle.nets.vgg import VGG
from vidstyle.zoo.vision import import_torchvision

pytest.importorskip("PIL")


def test_torchvisions_vgg_gives_the_features_of_ours() -> None:
    torchvision = import_torchvision()
    torch.manual_seed(0)
    theirs = torchvision.models.vgg19(weights=None).features.eval()
    ours = VGG.from_state_dict(theirs.state_dict(), upto="relu2_1")
    picture = torch.rand(1, 3, 48, 40)
    mean, std = torch.tensor([0.485, 0.456, 0.406])[:, None, None], torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    with torch.no_grad():
        expected = theirs[:7]((picture - mean) / std)
        found = ours(picture)["relu2_1"]
    # Away from the border, where the original pads with zeros and ours by reflection.
    torch.testing.assert_close(found[..., 4:-4, 4:-4], expected[..., 4:-4, 4:-4], atol=1e-5, rtol=1e-4)
