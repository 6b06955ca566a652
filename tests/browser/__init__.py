"""The notebooks and panels in a real JupyterLab and Chromium; a package, so that its fixtures end with it."""
