"""What all kinds of trained models share: one base, one declaration per setting, one registry."""
