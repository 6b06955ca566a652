"""What the Python of a compiled expression calls; `../runtime/*.js` says the same in JavaScript, kind by kind."""
