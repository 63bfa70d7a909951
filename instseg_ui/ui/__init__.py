"""The page: the only package that imports gradio, in an environment that it starts in."""

from instseg_ui.ui.environment import own_temporary_folder, without_proxies, without_stubs

own_temporary_folder()
with without_proxies(), without_stubs():
    import gradio  # noqa: F401 - it makes HTTP clients and stubs when it is imported
