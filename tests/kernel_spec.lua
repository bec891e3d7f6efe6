-- Jupyter's kernel: jupyter.py asks it as a notebook would, nbconvert runs the notebook of Fig. 1.
local process = require "tests.process"
local quote = process.quote

local folder = process.folder()
local environment = "export JUPYTER_DATA_DIR=" .. quote(folder) .. " HOME=" .. quote(folder) .. " SLOW="
                    .. (process.sanitized and "6" or "1") .. "; "
local python = "/usr/bin/python3 " -- Debian's, which has jupyter-client and nbconvert

local function kernel(arguments) return process.run(environment .. quote(process.host) .. " kernel " .. arguments) end

local function read_spec()
  local file = assert(io.open(folder .. "/kernels/meanfield/kernel.json"))
  local text = file:read "a"
  file:close()
  return text
end

describe("meanfield kernel", function()
  teardown(process.clean)

  it("install makes the kernel known to Jupyter, for a user or in a tree, and remove unknown again", function()
    local installed = kernel "install"
    assert.equal(0, installed.code, installed.err)
    assert.matches('"argv":["' .. process.host .. '","kernel","run","{connection_file}"]', read_spec(), 1, true)
    local list = environment .. python .. "-m jupyter_client.kernelspecapp list"
    assert.matches("meanfield +" .. folder .. "/kernels/meanfield", process.run(list).out)
    assert.equal(0, kernel("install --name other --prefix " .. folder).code)
    assert.truthy(process.read_file(folder .. "/share/jupyter/kernels/other/kernel.json"))
    assert.equal(0, kernel("remove --name other --prefix " .. folder).code)
    assert.is_nil(process.read_file(folder .. "/share/jupyter/kernels/other/kernel.json"))
  end)

  it("says what is wrong with a command line or a connection file, without a traceback", function()
    process.write_file(folder .. "/bad.json", "{ nothing")
    process.write_file(folder .. "/short.json", '{ "ip": "127.0.0.1" }')
    for arguments, message in pairs {
      [""] = "expected install, remove or run", instal = "expected install, remove or run, got 'instal'",
      ["install --nam x"] = "unknown argument '--nam'", ["install --name a/b"] = "--name: expected letters",
      ["install --prefix"] = "--prefix needs a value", ["install --prefix ''"] = "--prefix needs a value",
      ["install --prefix /proc"] = "/proc/share",
      ["remove --name none"] = "No such file", run = "expected one connection file",
      ["run /no/file"] = "/no/file: No such file", ["run " .. folder .. "/bad.json"] = "bad.json holds no JSON object",
      ["run " .. folder .. "/short.json"] = "short.json lacks 'transport'",
    } do
      local result = kernel(arguments)
      assert.matches(message, result.err, 1, true)
      assert.equal(1, result.code, arguments)
      assert.is_nil(result.err:find "traceback", result.err)
    end
    assert.matches("^usage: meanfield kernel install", kernel("--help").out)
  end)

  it("says so where the program was built without ZeroMQ, and installs nothing", function()
    local tree = process.folder()
    local copy = "mkdir -p %s/build/x && cp %s %s/build/x && ln -s %s/lua %s/lua && %s/build/x/meanfield kernel "
                 .. "install --prefix %s"
    local result = process.run(copy:format(tree, quote(process.host), tree, quote(process.top), tree, tree, tree))
    assert.equal(1, result.code)
    assert.matches("built without ZeroMQ and libsodium %(libzmq3%-dev, libsodium%-dev%)\n$", result.err)
    assert.is_nil(process.read_file(tree .. "/share/jupyter/kernels/meanfield/kernel.json"))
  end)

  -- The names of the tests in jupyter.py; it says of each how it went.
  local said = {}
  setup(function()
    kernel "install"
    local result = process.run(environment .. "timeout 500 " .. python .. "tests/jupyter.py")
    for line in (result.out .. result.err):gmatch "[^\n]+" do
      local how, name = line:match "^(.-ok) ([%w_]+)"
      said[name or #said + 1] = how == "ok" and "ok" or line
    end
  end)

  for name in process.read_file("tests/jupyter.py"):gmatch "\ndef test_([%w_]+)" do
    it(name:gsub("_", " "), function() assert.equal("ok", said[name] or table.concat(said, "\n")) end)
  end

  it("works where cmake --install puts it", function()
    local tree = process.folder()
    local install = ("cmake --install %s --prefix %s"):format(quote(process.build), quote(tree))
    assert.equal(0, process.run(install).code)
    local line = environment .. ("export JUPYTER_DATA_DIR=%s/share/jupyter; cd / && "):format(quote(tree))
    assert.equal(0, process.run(line .. ("%s/bin/meanfield kernel install --prefix %s"):format(tree, tree)).code)
    local result = process.run(line .. "timeout 100 " .. python .. quote(process.top .. "/tests/jupyter.py") .. " says")
    assert.matches("^ok says_what_it_is", result.out, result.err)
  end)

  it("runs the notebook of Fig. 1, and fails with its checks", function()
    local notebook = process.read_file "experiments/fig1.ipynb"
    local untrained, changed = notebook:gsub('sgd:advance%(t%)', "sgd:advance(0)")
    assert.equal(1, changed)
    process.write_file(folder .. "/untrained.ipynb", untrained)
    local short = process.sanitized and "EPS=1e-4 " or "EPS=2e-5 "
    local convert = environment .. short .. python .. "-m nbconvert --to notebook --execute --output-dir "
                    .. quote(folder)
    local done = process.run(convert .. " experiments/fig1.ipynb")
    assert.equal(0, done.code, done.err)
    local figure = process.read_file(folder .. "/fig1.ipynb")
    assert.truthy(figure:find '"image/svg%+xml"' and figure:find '"image/png"' and figure:find '"text/html"')
    local failed = process.run(convert .. " --output failed " .. quote(folder .. "/untrained.ipynb"))
    assert.not_equal(0, failed.code)
    assert.matches("larger than chance allows", failed.err)
  end)
end)
