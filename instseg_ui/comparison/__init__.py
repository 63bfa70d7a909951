"""What several models found in one image: matched, held against each other, decided on."""
