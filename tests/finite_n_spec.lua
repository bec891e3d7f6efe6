-- How far R_N lies above R(rho): the diagonal of the double sum in Eq. 4.
local mf = require "meanfield"

describe("risk of finite networks", function()
  it("pot:risk(rho, N) is the mean of R_N over networks drawn from rho (4.5 standard errors)", function()
    local law = mf.distribution.isotropic { d = 40, delta = 0.8 }
    local sigma = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
    local init = mf.init.gaussian { kappa = 0.8 }
    local pot = mf.potential.radial { distribution = law, activation = sigma }
    local rho = mf.pde.particles { potential = pot, init = init, J = 2000 }:measure()
    local risks = {}
    for seed = 1, 60 do
      risks[seed] = mf.sgd { distribution = law, activation = sigma, N = 50, init = init, eps = 1, seed = seed }:risk()
    end
    risks = mf.array(risks)
    local spread = risks:std() / math.sqrt(#risks)
    assert.near(pot:risk(rho, 50), risks:mean(), 4.5 * spread)
    assert.is_true(math.abs(pot:risk(rho) - risks:mean()) > 4.5 * spread) -- the term is needed
  end)

  it("pot:self is E sigma^2: closed forms for ReLU, |f|^2 for samples", function()
    local law = mf.distribution.isotropic { d = 3, delta = 0.5 }
    local relu = mf.potential.radial { distribution = law, activation = mf.activation.relu() }
    local one = mf.measure { x = { 1.3 }, space = "radial" }
    assert.near((1.5 ^ 2 + 0.5 ^ 2) / 2 * 1.3 ^ 2 / 2, relu:self(one), 1e-11) -- E relu(sG)^2 = s^2/2
    local limit = mf.potential.relu { delta = 0.5, gamma = 0.25 }
    local flat = mf.measure { x = { { 2, 0, 0.3, 0.4 } }, space = "relu" }
    local s2 = ((1.5 ^ 2 + 0.5 ^ 2) / 2) * 0.09 + 0.16
    assert.near(4 * s2 / 2, limit:self(flat), 1e-12)
    local sampled = mf.potential.sampled { distribution = law, activation = mf.activation.tanh(), samples = 300 }
    local point = mf.measure { x = { { 0.4, -1, 0.7 } }, space = "plain" }
    local theta = point:atoms()[1]
    assert.near(sampled:U(theta, theta), sampled:self(point), 1e-12)
  end)
end)
