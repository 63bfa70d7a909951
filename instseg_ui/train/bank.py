"""Features of the frozen backbone, computed once a view and kept in memory, within bounds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import paddle
import paddle.nn.functional as F
from paddle import Tensor

from instseg_ui.train import augment
from instseg_ui.train.augment import Augmentation, Donor
from instseg_ui.train.losses import Replay
from instseg_ui.train.network import spec
from instseg_ui.train.network.graph import PaddleModel
from instseg_ui.train.photos import Photos
from instseg_ui.train.sample import Targets, targets_of

VIEWS = 8
"""Most views of one photo that are kept."""
LONGEST_ROUND = 200
"""Views; of more photos a round takes a part, and the next round the next."""
_KEPT_BYTES = 500_000_000


class KeptView(NamedTuple):
    """One view: the backbone's features as float16, what they should become, and the replay."""

    taps: list[npt.NDArray[np.float16]]
    targets: Targets
    replay: Replay | None

    @property
    def nbytes(self) -> int:
        """Of the arrays that count."""
        scores = 0 if self.replay is None else self.replay.scores.nbytes
        masks = self.targets.masks.nbytes + self.targets.known.nbytes
        return sum(one.nbytes for one in self.taps) + scores + masks

    def tensors(self) -> list[Tensor]:
        """The features as the network takes them."""
        return [paddle.to_tensor(one.astype(np.float32)) for one in self.taps]


class Teacher(NamedTuple):
    """The start network, and which of its classes are replayed as which of the new model's."""

    model: PaddleModel
    own: npt.NDArray[np.int64]
    classes: npt.NDArray[np.int64]

    def replay(self, taps: list[Tensor]) -> Replay | None:
        """What it says of one view."""
        if not self.classes.size:
            return None
        scores = F.sigmoid(self.model.network.scores(taps)[0]).numpy()
        return Replay(self.classes, scores[self.own].astype(np.float16))


class FeatureBank:
    """Views of photos in rounds, in an order of the round's own.

    A round has each photo once, or of very many photos a part of them.

    View `v` of photo `p` is the same for the same seed, whether it is kept or drawn again. As many
    views a photo are kept as there is room for; a later round uses one of them. A photo beyond what
    there is room for is drawn anew in every round.
    """

    def __init__(
        self, teacher: Teacher, photos: Photos, augmentation: Augmentation, seed: int
    ) -> None:
        self._teacher, self._photos, self._seed = teacher, photos, seed
        self._augmentation = augmentation
        self._rounds = -(-len(photos) // LONGEST_ROUND)
        self._kept: dict[tuple[int, int], KeptView] = {}
        self._bytes = 0

    def order(self, epoch: int) -> list[int]:
        """The photos of one round."""
        turn, part = divmod(epoch, self._rounds)
        order = np.random.default_rng((self._seed, 1, turn)).permutation(len(self._photos))
        return order[part :: self._rounds].tolist()

    def get(self, photo: int, epoch: int) -> KeptView:
        """One photo's view in one round. Raises `ImageError` where a photo cannot be read."""
        view = epoch // self._rounds
        if view >= VIEWS:
            view = int(np.random.default_rng((self._seed, 2, photo, view)).integers(VIEWS))
        if (photo, view) in self._kept:
            return self._kept[photo, view]
        kept = self._draw(photo, view)
        if self._bytes + kept.nbytes <= _KEPT_BYTES:
            self._kept[photo, view] = kept
            self._bytes += kept.nbytes
        return kept

    def _draw(self, photo: int, view: int) -> KeptView:
        rng = np.random.default_rng((self._seed, 3, photo, view))
        chosen = [photo]
        if rng.random() < self._augmentation.mosaic and len(self._photos) > 1:
            chosen += rng.integers(len(self._photos), size=3).tolist()
        views = [self._photos.view(one) for one in chosen]
        donors = []
        if rng.random() < self._augmentation.paste:
            donors = self._donors(rng)
        composed = augment.compose(views, donors, self._augmentation, rng)
        pixels = (composed.pixels.astype(np.float32) - spec.PIXEL_MEAN) / spec.PIXEL_STD
        image = paddle.to_tensor(np.ascontiguousarray(pixels.transpose(2, 0, 1))[None])
        with paddle.no_grad():
            taps = self._teacher.model.network.backbone(image)
            replay = self._teacher.replay(taps)
        return KeptView(
            [one.numpy().astype(np.float16) for one in taps], targets_of(composed), replay
        )

    def _donors(self, rng: np.random.Generator) -> list[Donor]:
        """An object of a random photo, where it has any."""
        view = self._photos.view(int(rng.integers(len(self._photos))))
        if not view.instances:
            return []
        one = view.instances[int(rng.integers(len(view.instances)))]
        return [Donor(view.pixels, one)]
