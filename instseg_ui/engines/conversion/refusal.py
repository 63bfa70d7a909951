"""Why a recipe is not used."""


class NoMatch(Exception):
    """The graph has not the structure that the recipe knows; says what is missing."""


class OtherFamily(NoMatch):
    """The graph is of another family altogether: nothing that anybody needs to be told."""
