"""Files and folders that appear whole or not at all, whatever ends the process that writes them."""
