-- help(x): the documentation of a function, method, class, object or name.
-- One store of records, filled by the native bindings (src/lua/bind.c) and by the Lua modules
-- through help.document and help.class: { name, signature, text, fields }, keyed by value and
-- by name; "<class> object" holds a class: { name, text, methods, properties }.

local options = require "meanfield.options"

local docs = require "meanfield.native"._docs

local help = {}

-- Records the documentation of a function (or callable table).
function help.document(value, record)
  docs[value], docs[record.name] = record, record
end

-- Records a Lua class, given the table of its methods.
function help.class(class, record)
  record.methods, record.properties = {}, record.properties or {}
  for name, method in pairs(class) do
    if type(method) == "function" and name:sub(1, 2) ~= "__" then record.methods[name] = method end
  end
  docs[record.name .. " object"], docs[class] = record, record
end

return help
