"""Options of a command that stand for a setting."""

from __future__ import annotations

from instseg_ui.settings import Settings
from instseg_ui.variables import read_settings

# Options that are not called as their setting is.
_NAMES = {"default_model": "--model", "models_source": "--source"}


def settings_of(**options: str | int | None) -> Settings:
    """The settings with a command's options before them; an option that is None was not given.

    Args:
        options: values by the field of `Settings` that they stand for.

    Raises:
        InputError: an option or a setting cannot be used.
    """
    given = {field: value for field, value in options.items() if value is not None}
    return read_settings(
        given, names={field: _NAMES.get(field, f"--{field.replace('_', '-')}") for field in given}
    )
