"""`python -m workbench` is the `workbench` command."""

from workbench.faces.cli import main

main()
