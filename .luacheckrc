std = "lua54"
max_line_length = 120
files["tests/**/*_spec.lua"].std = "lua54+busted"
read_globals = { "mf" }
exclude_files = { "docs/meanfield.meta.lua", "build" }
