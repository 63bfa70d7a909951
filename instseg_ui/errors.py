"""Everything that can go wrong, as one tree.

InstSegError                     a sentence for the person who asked, and an HTTP status
├── InputError            422    what came in cannot be used
│   ├── ImageError        422    not an image, truncated, too large, an unknown format
│   │   ├── ImageSizeError 422   more pixels than are accepted; it can be scaled down
│   │   └── RemoteError   502    the address of an image did not answer, or not with one
│   ├── CatalogError      422    the catalog file itself cannot be used
│   └── UnknownModelError 404    no such row in the catalog; names the close matches
├── ModelError            500    a model cannot be made ready
│   ├── NotFetchedError   409    its weights are not on this disk yet
│   ├── ModelFolderError  422    its folder is not whole
│   ├── FetchError        502    its archive could not be fetched
│   ├── DiskFullError     507    the disk has no room for it
│   ├── LoadError         500    its engine refused it
│   └── TrainingError     500    it could not be taught
├── WorkerError           500    a loaded model failed while it ran
│   ├── WorkerCrashed     500    its process ended
│   └── WorkerTimeout     504    its process was ended at the time limit
├── BusyError             503    all places are taken; try again
└── Cancelled             499    the person who asked stopped it

Every message says what was expected, what came, and what to do. None carries a
stack or a path of the server, and none names a setting or what the system said: that is
`remedy`, for whoever runs the server.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class InstSegError(Exception):
    """Base of every error of this package; `str(error)` is fit for the user's eyes.

    `remedy` is for whoever runs the server: which setting helps, what the system said. The
    command line and the logs add it, Python shows it under the traceback; page and HTTP do not.
    """

    status = 500
    remedy = ""

    def __init__(self, *args: object, remedy: str = "") -> None:
        super().__init__(*args)
        if remedy:
            self.remedy = remedy
            self.add_note(remedy)

    @property
    def with_remedy(self) -> str:
        """The sentence and the remedy, for whoever runs the server."""
        return f"{self} {self.remedy}" if self.remedy else str(self)


class InputError(InstSegError):
    """What came in cannot be used: a threshold outside 0..1, a wrong type."""

    status = 422


class ImageError(InputError):
    """The bytes are not an image that can be read within the limits."""


class ImageSizeError(ImageError):
    """It has more pixels than are accepted; see `images.scaled`.

    `share` is what each side is to be multiplied with; None where it is not known.
    """

    def __init__(self, *args: object, share: float | None = None, remedy: str = "") -> None:
        super().__init__(*args, remedy=remedy)
        self.share = share


class RemoteError(ImageError):
    """The address of an image did not answer, not in time, or not with an image."""

    status = 502


class CatalogError(InputError):
    """The catalog file cannot be used."""


class UnknownModelError(InputError):
    """No model of that name is in the catalog."""

    status = 404

    def __init__(self, name: object, known: Iterable[str], remedy: str = "") -> None:
        known = list(known)
        by_lower = {entry.lower(): entry for entry in known}
        matches = difflib.get_close_matches(str(name).lower(), by_lower, n=3, cutoff=0.4)
        close = [by_lower[match] for match in matches]
        hint = f"Did you mean {_either(close)}?" if close else f"Known models: {', '.join(known)}."
        super().__init__(f"There is no model named “{str(name)[:80]}”. {hint}", remedy=remedy)

    def __reduce__(self) -> tuple[object, ...]:
        """An error crosses processes as its message; the list of models stays here."""
        return _with_message, (type(self), self.args), self.__dict__


class ModelError(InstSegError):
    """A model cannot be made ready."""


class NotFetchedError(ModelError):
    """The model's weights are not on this disk yet."""

    status = 409


class ModelFolderError(ModelError):
    """The model's folder is not a whole PaddleX inference folder."""

    status = 422


class FetchError(ModelError):
    """The model's archive could not be fetched or did not hold what it should."""

    status = 502


class DiskFullError(ModelError):
    """The disk has no room for the model."""

    status = 507


class LoadError(ModelError):
    """The engine refused the model."""


class TrainingError(ModelError):
    """The model could not be taught; says why, and whether one can go on from there."""


class WorkerError(InstSegError):
    """A loaded model failed while it ran."""


class WorkerCrashed(WorkerError):
    """The model's process ended unexpectedly."""


class WorkerTimeout(WorkerError):
    """The model's process passed its time limit and was ended."""

    status = 504


class BusyError(InstSegError):
    """All places are taken; the same request can succeed later."""

    status = 503


class Cancelled(InstSegError):
    """The person who asked has stopped it."""

    status = 499


def system_said(error: OSError) -> str:
    """What the operating system said, as a remedy."""
    return f"The system says: {error.strerror or type(error).__name__}."


def _with_message(kind: type[InstSegError], args: tuple[object, ...]) -> InstSegError:
    error = kind.__new__(kind)
    error.args = args
    return error


def _either(names: list[str]) -> str:
    quoted = [f"“{name}”" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
