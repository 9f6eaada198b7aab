//! Text of a policy to a checked, compiled plan. No IO: the command reads the files.
