---@meta meanfield
-- Annotations for editors (LuaLS). Written by docs/generate.lua; nothing here is ever run.

local mf = {}

---The law of one example (x, y).
---@class mf.distribution
---@field checksum any checksum of the numbers of a data set, 16 digits; nil for other laws
---@field d any dimension of x
---@field n any number of examples of a data set; nil for other laws
local class1 = {}

---@class mf.distribution.exponent.options
---@field tol? number a number in [1e-12, 0.1], default 1e-06: a coefficient counts as 0 if its size is at most tol times the standard deviation of g; coefficients typed with a few digits leave remainders that want a larger one
---@field degree? integer an integer in [1, 64]: Gaussian inputs: largest degree of a monomial looked at; default 12, less for k > 4

---Of a multi-index law: its leap, and the stages in which directions are found. With g = sum c_alpha h_alpha in products of Hermite polynomials (on the hypercube: of coordinates), a monomial with c_alpha != 0 asks for the sum of its degrees alpha_i over directions not yet found; the leap is the largest such number on the way that takes the least at every stage, which no order of the monomials beats. For one direction it is the information exponent, the smallest l >= 1 with c_l != 0; 0 for a constant g. It belongs to the given U: a rotation of Gaussian directions may change it. Stages are a list of {leap =, directions = {..}}. Coefficients come from two Gauss rules whose difference says how well they are known; where that does not suffice to tell 0 from not 0 and it matters, an error says so.
---@param options? mf.distribution.exponent.options
function class1:exponent(options) end

---@class mf.distribution.sample.options
---@field seed? integer an integer >= 0, default 1: seed
---@field first? integer an integer >= 0, default 1: number of the first sample in its stream; SGD's first step sees sample 1

---n examples: x (n x d array) and y (n numbers). With SGD's seed these are the very examples that its steps see; a data set gives its epochs, one after the other.
---@param n any
---@param options? mf.distribution.sample.options
function class1:sample(n, options) end

mf.distribution = {}

---@class mf.distribution.anisotropic.options
---@field d integer an integer in [1, 1e+07], required: dimension of x
---@field delta number a number in (0, 1), required: separation Delta: standard deviations 1 + Delta (y = +1) and 1 - Delta (y = -1)
---@field s0 integer an integer in [1, 1e+07], required: dimension of the subspace V in which the classes differ, <= d
---@field basis? any s0 rows of d numbers: rows that span V (made orthonormal); default: the first s0 coordinates

---Centered Gaussians that differ on a subspace V: x ~ N(0, I + ((1 +- Delta)^2 - 1) P_V).
---@param options? mf.distribution.anisotropic.options
---@return mf.distribution
function mf.distribution.anisotropic(options) end

---@class mf.distribution.custom.options
---@field d integer an integer in [1, 1e+07], required: dimension of x
---@field sample any a function rng -> x, y, required: makes one example from a source of random numbers: x (array or table of d numbers), y

---A law of one's own: sample = function(rng) ... return x, y end. All randomness must come from rng, so that sample k is the same in every run.
---@param options? mf.distribution.custom.options
---@return mf.distribution
function mf.distribution.custom(options) end

---@class mf.distribution.dataset.options
---@field x any an n x d array or a table of n rows, required: the examples, one a row, as mf.data.read gives them; n numbers: d = 1
---@field y any n numbers, required: their labels; one column of a table is one, too
---@field order? "shuffle"|"cyclic" 'shuffle' | 'cyclic', default "shuffle": shuffle: a new random order in every epoch; cyclic: as they are
---@field seed? integer an integer >= 0: seed of the orders; default: that of the run

---The examples of a finite data set, visited in epochs: each example once in every epoch, in an order that is a function of the seed and the epoch. Risks under it are means over all examples, so exact; mf.potential.sampled takes it whole. x and y are copied, once: whoever uses the law shares that copy. Files of runs hold its checksum, not its numbers.
---@param options? mf.distribution.dataset.options
---@return mf.distribution
function mf.distribution.dataset(options) end

---@class mf.distribution.isotropic.options
---@field d integer an integer in [1, 1e+07], required: dimension of x
---@field delta number a number in (0, 1), required: separation Delta: standard deviations 1 + Delta (y = +1) and 1 - Delta (y = -1)

---Centered isotropic Gaussians: y = +-1 with probability 1/2, x ~ N(0, (1 +- Delta)^2 I).
---@param options? mf.distribution.isotropic.options
---@return mf.distribution
function mf.distribution.isotropic(options) end

---@class mf.distribution.mixture.options
---@field weight? number a number in (0, 1e+100], default 1: probability, up to a common factor
---@field label number a number in [-1e+100, 1e+100], required: y of this component
---@field mean any a vector of d numbers, required: mean of x
---@field covariance? any a number, d numbers or d x d: covariance of x: s^2 I, a diagonal, or a positive definite matrix; default I

---Labelled Gaussians with any means and covariances.
---@param options? mf.distribution.mixture.options
---@return mf.distribution
function mf.distribution.mixture(options) end

---@class mf.distribution.multi_index.options
---@field d integer an integer in [1, 1e+07], required: dimension of x
---@field directions? integer an integer in [1, 64], default 1: k, the number of directions that y depends on, <= d
---@field target any a function z1, .., zk -> number, required: g: y = g(z1, .., zk) + noise with z = U x
---@field noise? number a number in [0, 1e+100], default 0: standard deviation of the Gaussian noise of y
---@field inputs? "gaussian"|"hypercube" 'gaussian' | 'hypercube', default "gaussian": gaussian: x ~ N(0, I); hypercube: x uniform on {-1, 1}^d
---@field U? any k rows of d numbers: the directions, orthonormal to 1e-8 (what is missing to 1e-16 is then made up); default: the first k coordinates

---Teachers of a few directions: y = g(Ux) + noise, x ~ N(0, I) or uniform on {-1, 1}^d. The target takes z1, .., zk as numbers and must be a function of them alone. On the hypercube without U its 2^k values are taken once (k <= 16); else it is called once for each example, in batches. SGD runs in blocks either way.
---@param options? mf.distribution.multi_index.options
---@return mf.distribution
function mf.distribution.multi_index(options) end

---An activation sigma, as in sigma_*(x; theta) = a sigma(<w,x> + b). Call it: sigma(t), t a number or an array.
---@class mf.activation
---@field bounded any whether sigma has finite limits at both ends
---@field error any largest error of a tabulated activation, relative to max(1, |sigma|), at the some 70000 points that were looked at (see mf.activation.custom), or its tol if that is larger; else 0
---@field kind any "piecewise", "tanh", "erf", "sigmoid", "softplus", "polynomial" or "table"
---@field tails any sigma(t) ~ slope t + offset at both ends: slope_left, offset_left, slope_right, offset_right; nil where sigma has a range
local class2 = {}

---Arrays of c_0 .. c_(n-1) (see hermite) and of their derivatives in s, all at once.
---@param n any
---@param s any
---@param b any
function class2:coefficients(n, s, b) end

---sigma'(t) of a number, or of every element of an array; at a knot the slope to its right.
---@param t any
function class2:derivative(t) end

---c_k = E sigma(s G + b) h_k(G) and dc_k/ds, h_k the normalised Hermite polynomial.
---@param k any
---@param s any
---@param b any
function class2:hermite(k, s, b) end

---q = E sigma(s G + b), dq/ds and dq/db, G standard normal. s in [0, inf], inf for bounded activations.
---@param s any
---@param b any
function class2:moment(s, b) end

mf.activation = {}

---@class mf.activation.custom.options
---@field f any a function t -> sigma(t), required: sigma; continuous, and, unless a `range` is given, a straight line (flat, for instance) as t -> +-inf
---@field df? any a function t -> sigma'(t): its derivative; given, the table's derivative is held against it
---@field kinks? table a list of numbers: places, increasing, where sigma is not smooth or needs a closer look: fewer and better pieces, and features as narrow as 1e-6 are seen there
---@field range? table {low, high} with low < high: {low, high} around 0: sigma need not end in straight lines (sin, t^2), nothing is said of its growth beyond, and an error names the t by which SGD, a risk or a sampled potential reaches beyond. Its exact risk and moments take 13 deviations of <w, x>
---@field tol? number a number in [1e-14, 0.01], default 1e-11: accepted error of the table, relative to max(1, |sigma|)

---A Lua function t -> sigma(t), tabulated once as piecewise polynomials and straight lines far out; `.error` is its largest error seen, or tol if that is larger. Looked at are points 1/600 apart in |t| < 16, t/2048 up to 4096, t/64 up to 2^48, and closely around `kinks`: features that fall between these are not seen. Functions that jump, or do not end in straight lines, are refused; periodic ones and others that do not end so take a `range`. No Lua runs in the loops that use it. mf.activation.custom(f) is short for {f = f}.
---@param options? mf.activation.custom.options
---@return mf.activation
function mf.activation.custom(options) end

---2/sqrt(pi) int_0^t exp(-u^2) du.
---@return mf.activation
function mf.activation.erf() end

---@class mf.activation.piecewise.options
---@field left? number a number in [-1e+100, 1e+100], default 0: slope before the first knot
---@field right? number a number in [-1e+100, 1e+100], default 0: slope after the last knot

---Linear between the knots (t, s), t increasing; beyond the ends the given slopes.
---@param options? mf.activation.piecewise.options
---@return mf.activation
function mf.activation.piecewise(options) end

---c0 + c1 t + c2 t^2 + ..., up to degree 15: exact moments and Hermite coefficients, so SGD, its exact risk, mf.descend and the sampled potential take it. Potentials that need sigma to end in straight lines refuse it from degree 2 on.
---@param options? any
---@return mf.activation
function mf.activation.polynomial(options) end

---max(t, 0).
---@return mf.activation
function mf.activation.relu() end

---1/(1 + exp(-t)).
---@return mf.activation
function mf.activation.sigmoid() end

---log(1 + exp(t)).
---@return mf.activation
function mf.activation.softplus() end

---tanh(t).
---@return mf.activation
function mf.activation.tanh() end

---A loss l(y, yhat), whose mean is the risk. Call it: loss(y, yhat), two numbers or two arrays. SGD moves by theta_i -= s_k dl/dyhat grad sigma_*, which is Eq. 3 for the square.
---@class mf.loss
---@field convex any whether l is convex in yhat; of a custom loss as far as its table shows, at 65 points of every piece. Only convex losses give certificates.
---@field error any largest error of a custom loss's slope that was seen, relative to max(1, |slope|); else 0
---@field form any what l depends on: "residual" (y - yhat), "margin" (y yhat), or "labels" (a function of yhat for each)
---@field kind any "square", "logistic", "huber", "hinge" or "custom"
local class3 = {}

---The same of d2l/dyhat2.
---@param y any
---@param yhat any
function class3:curvature(y, yhat) end

---dl/dyhat of two numbers, or of two arrays element by element.
---@param y any
---@param yhat any
function class3:slope(y, yhat) end

mf.loss = {}

---@class mf.loss.custom.options
---@field f any a function (y, yhat) -> l, required: the loss l(y, yhat)
---@field df any a function (y, yhat) -> dl/dyhat, required: its slope in yhat, which is tabulated: continuous, and a straight line as yhat -> +-inf
---@field d2f? any a function (y, yhat) -> d2l/dyhat2: the slope's slope; given, the table is held against it
---@field labels? table a list of numbers: the values that y takes; needed unless l depends on y - yhat or on y yhat alone, which is found out
---@field kinks? table a list of numbers: where df is not smooth, in yhat - y, in y yhat or (labels) in yhat; increasing
---@field tol? number a number in [1e-14, 0.01], default 1e-11: accepted error of the table, relative to max(1, |df|)

---A loss of your own from Lua functions of (y, yhat): df is tabulated once (as mf.activation.custom does it), f follows from it and f(y, 0), and both are held against the functions. Losses that grow faster than yhat^2 are refused. No Lua runs in the loops that use it. If it is not convex (`.convex`), SGD and the PDE take it, and mf.optimum gives no certificate.
---@param options? mf.loss.custom.options
---@return mf.loss
function mf.loss.custom(options) end

---The hinge max(u, 0), u = 1 - y yhat, for y = +-1, with a parabola u^2/(2 h) in 0 <= u <= h = smoothing and u - h/2 beyond, so that its slope is continuous.
---@param smoothing any
---@return mf.loss
function mf.loss.hinge(smoothing) end

---(y - yhat)^2 where |y - yhat| <= delta, delta (2 |y - yhat| - delta) beyond.
---@param delta any
---@return mf.loss
function mf.loss.huber(delta) end

---log(1 + exp(-y yhat)) for y = +-1.
---@return mf.loss
function mf.loss.logistic() end

---(y - yhat)^2, the paper's and the default.
---@return mf.loss
function mf.loss.square() end

---The law rho_0 of a neuron's weights before training.
---@class mf.init
local class4 = {}

---Probability that this length is at most r (see density).
---@param r any
---@param d any
---@param k any
function class4:cdf(r, d, k) end

---Density at r of the length of w's projection on a k-dimensional subspace of R^d: |w| for k = d, r1 for k = s0, r2 for k = d - s0. Where the length is constant (a sphere's radius): inf there, 0 elsewhere. Of an array: at every element; so cdf and quantile.
---@param r any
---@param d any
---@param k any
function class4:density(r, d, k) end

---Probability that the two radii, the lengths of w's projections on a subspace of dimension s0 and across it, are at most r1 and r2.
---@param r1 any
---@param r2 any
---@param d any
---@param s0 any
function class4:joint(r1, r2, d, s0) end

---The length's p-quantile, 0 < p < 1 (see density).
---@param p any
---@param d any
---@param k any
function class4:quantile(p, d, k) end

mf.init = {}

---fn(rng, d) returns w (d numbers) and, for affine neurons, a (default 1) and b (default 0). All randomness must come from rng.
---@param fn any
---@return mf.init
function mf.init.custom(fn) end

---@class mf.init.gaussian.options
---@field kappa number a number in (0, 1e+100], required: w ~ N(0, kappa^2/d I)
---@field a? any a number or an mf.number law: output weight of affine neurons; default 1
---@field b? any a number or an mf.number law: offset of affine neurons; default 0
---@field d? integer an integer in [1, 1e+07]: dimension whose law of the radii (and of m) is meant, beside a potential at d = inf
---@field s0? integer an integer in [1, 1e+07]: dimension of V whose law of (r1, r2) is meant, beside a potential at d = inf

---w ~ N(0, kappa^2/d I); a and b numbers, or laws of mf.number.
---@param options? mf.init.gaussian.options
---@return mf.init
function mf.init.gaussian(options) end

---@class mf.init.sphere.options
---@field radius number a number in [0, 1e+100], required: w is uniform on the sphere |w| = radius
---@field a? any a number or an mf.number law: output weight of affine neurons; default 1
---@field b? any a number or an mf.number law: offset of affine neurons; default 0
---@field d? integer an integer in [1, 1e+07]: dimension whose law of the radii (and of m) is meant, beside a potential at d = inf
---@field s0? integer an integer in [1, 1e+07]: dimension of V whose law of (r1, r2) is meant, beside a potential at d = inf

---w uniform on the sphere of the given radius; a and b numbers, or laws of mf.number.
---@param options? mf.init.sphere.options
---@return mf.init
function mf.init.sphere(options) end

---The law of one number: for a and b in mf.init. A plain number in its place is constant.
---@class mf.number
local class5 = {}

---Probability that the number is at most x.
---@param x any
function class5:cdf(x) end

---Density at x. Where the number has a probability of its own (signs): inf there.
---@param x any
function class5:density(x) end

---The p-quantile, 0 < p < 1.
---@param p any
function class5:quantile(p) end

mf.number = {}

---@class mf.number.normal.options
---@field mean? number a number in [-1e+100, 1e+100], default 0: mean
---@field deviation? number a number in (0, 1e+100], default 1: standard deviation

---N(mean, deviation^2).
---@param options? mf.number.normal.options
---@return mf.number
function mf.number.normal(options) end

---@class mf.number.signs.options
---@field size? number a number in [0, 1e+100], default 1: -size or size, with probability 1/2 each

----size or size, equally likely.
---@param options? mf.number.signs.options
---@return mf.number
function mf.number.signs(options) end

---@class mf.number.uniform.options
---@field low? number a number in [-1e+100, 1e+100], default -1: left end
---@field high? number a number in [-1e+100, 1e+100], default 1: right end, > low

---Uniform on [low, high].
---@param options? mf.number.uniform.options
---@return mf.number
function mf.number.uniform(options) end

---A step schedule xi(t): SGD's steps are s_k = eps xi(k eps), k = 1, 2, ... Call it: xi(t).
---@class mf.schedule
local class6 = {}

---tau(t) = int_0^t xi, the clock in which the distributional dynamics (Eq. 7) is autonomous.
---@param t any
function class6:clock(t) end

mf.schedule = {}

---@class mf.schedule.constant.options
---@field value? number a number in (0, inf), default 1: xi, the same at every t

---xi(t) = value.
---@return mf.schedule
function mf.schedule.constant() end

---xi(t) = fn(t), a Lua function; may jump, and be singular at t = 0. Its clock is integrated to 1e-9 or better, or an error says that it cannot be; spikes narrower than a thousandth of the time span may be missed. Wherever an option `xi` is taken, the bare function does as well.
---@param fn any
---@return mf.schedule
function mf.schedule.custom(fn) end

---@class mf.schedule.power.options
---@field p number a number in (-1, inf), required: exponent: xi(t) = value t^p; above -1, or the clock int xi would be infinite
---@field value? number a number in (0, inf), default 1: factor in front

---xi(t) = value t^p. SGD's first step is k = 1 with every schedule, so that xi(0) is never asked for; the PDE is solved in the clock int xi.
---@param p any
---@return mf.schedule
function mf.schedule.power(p) end

---A run of stochastic gradient descent (Eq. 3; with beta or lambda Eq. 11): in one pass over fresh examples, or in epochs over those of a mf.distribution.dataset.
---@class mf.sgd
---@field N any number of neurons
---@field epoch any passes over a data set so far, k batch / n; nil for other laws
---@field k any steps done
---@field t any time t = k eps
---@field yhat any prediction yhat_k of the latest step, made before its update
local class7 = {}

---Steps until t = k eps (k the nearest integer to t/eps; the first step is k = 1); returns the run. Raises 'diverged at step k', at the state before it, when the prediction is beyond 1e12 in size or no number.
---@param t any
function class7:advance(t) end

---The empirical law of the neurons, with their masses if there is birth_death: a measure in space 'plain' (w) or 'affine' (w, a, b).
function class7:measure() end

---yhat of the present weights at the rows of X (an n x d array or a table of rows): an array of n numbers; at one example, a list of d numbers: a number.
---@param X any
function class7:predict(X) end

---@class mf.sgd.risk.options
---@field distribution? mf.distribution an mf.distribution: risk under this law of the same d, examples held out say; default: the run's
---@field samples? integer an integer in [2, 1e+12]: estimate from this many fresh examples; left out: exact, where the law is a data set, or Gaussian and the loss the square
---@field seed? integer an integer >= 0, default 1: seed of the fresh examples

---Population risk R_N (Eq. 4, the mean of the loss) of the present weights, under the run's law or another: that of a data set held out is the test error. Without samples: exact for mixtures of Gaussians (isotropic, anisotropic, mixture) and the square loss, and for data sets and every loss, with a bound on its numerical error. With samples: a Monte Carlo estimate and its standard error, for every other law and loss.
---@param options? mf.sgd.risk.options
function class7:risk(options) end

---Writes the run to a file, whole or not at all; returns the run. Loaded and advanced, it has the bits of a run that was never interrupted.
---@param path any
function class7:save(path) end

---n more steps (default 1); returns the run.
---@param n any
function class7:step(n) end

---W, an N x d array; with affine neurons also a and b.
function class7:weights() end

mf.sgd = {}

---@class mf.sgd.load.options
---@field distribution? mf.distribution an mf.distribution: the law again, if it or its target is a Lua function, or a data set (files hold neither)
---@field xi? any a function t -> xi(t): the schedule again, if it is a Lua function

---The run saved at path, or nil and a message if the file is missing, damaged or of another kind. Lua functions and data sets are not in the file and are given again.
---@param path any
---@param options? mf.sgd.load.options
---@return mf.sgd
function mf.sgd.load(path, options) end

---The potentials V and U of a model (Eq. 6) as a feature map: V = <b, f>, U = <f, f'>. All kinds have the same methods and serve mf.pde, mf.optimum and mf.stability alike.
---@class mf.potential
---@field dim any number of coordinates of theta
---@field error any bound on the error of V and U (radial with an unbounded activation: of V/(1 + r) and U/((1 + r1)(1 + r2)); multi_index: see there)
---@field kind any which constructor made it
---@field risk0 any R_# = E y^2, the risk without neurons (for another loss E l(y, 0))
---@field space any space of theta, which a measure must share
local class8 = {}

---U of Eq. 6; a matrix when both arguments are lists of points.
---@param theta any
---@param theta2 any
function class8:U(theta, theta2) end

---V of Eq. 6 at a point, or at every point of an array or measure. A point is a number where theta has one coordinate, else a list of coordinates.
---@param theta any
function class8:V(theta) end

---The vector b of V = <b, f(theta)>.
function class8:b() end

---Radial: du_d/dr1.
---@param r1 any
---@param r2 any
function class8:du(r1, r2) end

---Radial: dv/dr.
---@param r any
function class8:dv(r) end

---f(theta), of length rank: V = <b, f(theta)>, U = <f(theta), f(theta2)>.
---@param theta any
function class8:features(theta) end

---Gradient of V.
---@param theta any
function class8:grad_V(theta) end

---Gradient of Psi in theta, the force of Eq. 7 with its sign turned. At an infinite radius it is 0.
---@param theta any
---@param rho any
function class8:grad_psi(theta, rho) end

---Psi(theta; rho) = V + int U d rho (Eq. 8), half of the first variation of R; for another loss that is E sigma_*(x; theta) l'(y, yhat)/2, l' the slope in yhat.
---@param theta any
---@param rho any
function class8:psi(theta, rho) end

---Length of the feature vector.
function class8:rank() end

---R(rho) of Eq. 5, for another loss E l(y, yhat). With N (square loss): the expected risk of N neurons drawn independently from rho, R(rho) + (int U(theta, theta) d rho - int int U d rho d rho)/N, which is what R_N of a finite network is to be compared with.
---@param rho any
---@param N any
function class8:risk(rho, N) end

---int U(theta, theta) d rho = int E sigma_*(x; theta)^2 d rho: the K of Proposition 1.
---@param rho any
function class8:self(rho) end

---What the noise of SGD's steps adds, in the shape of a gradient. At a radius |P w|: the mean over x of (y - yhat)^2 a^2 sigma'(<w,x> + b)^2 <u, x>^2, u a direction of P's space across w, yhat that of rho; a step s adds (p - 1) 4 s^2 times that to the squared radius, p the dimension of the space. At full weights (sampled): the mean of (y - yhat)^2 a^2 sigma'^2 |P_perp x|^2, P_perp across w, times w/(2 |w|^2), so that 4 s^2 times it adds to |w|^2 what it should and to the direction nothing. 0 at other coordinates. Another loss has -l'/2 in the place of y - yhat. With label_noise, a standard deviation, its square is added to (y - yhat)^2.
---@param theta any
---@param rho any
---@param label_noise any
function class8:step_noise(theta, rho, label_noise) end

---Radial: u_d(r1, r2).
---@param r1 any
---@param r2 any
function class8:u(r1, r2) end

---Radial: v(r).
---@param r any
function class8:v(r) end

mf.potential = {}

---@class mf.potential.affine.options
---@field distribution mf.distribution an mf.distribution, required: anisotropic law of (x, y), which gives delta, d and s0
---@field activation mf.activation an mf.activation, required: sigma of the neurons a sigma(<w,x> + b), of linear growth at most
---@field d? integer an integer in [1, inf]: dimension instead of the distribution's, s0/d being kept; math.huge for the limit
---@field tol? number a number in [1e-13, 0.01], default 1e-09: accuracy of U relative to a a' max(1, sup sigma^2), sigma divided by 1 + |t| and U by (1 + |b| + s)(1 + |b'| + s') where it is unbounded; V is exact
---@field loss? mf.loss an mf.loss: loss l(y, yhat), an mf.loss; default: the square. Others make features of the answers at nodes in |P_V x| and |P_V^perp x|, as many as R needs, and what is seen of theirs is part of `.error`; at finite d both s0 and d - s0 must then be 0 or 6 and more

---Anisotropic Gaussians and neurons a sigma(<w,x> + b), sigma bounded or of linear growth, in theta = (a, b, r1, r2), r1 = |P_V w|, r2 = |P_V^perp w| (space 'relu'); finite d and d = math.huge. Fast for piecewise linear sigma (ReLU) and erf; other sigma go through quadrature at every step. ReLU at d = math.huge is that of mf.potential.relu.
---@param options? mf.potential.affine.options
---@return mf.potential
function mf.potential.affine(options) end

---@class mf.potential.custom.options
---@field dim integer an integer in [1, 1e+06], required: coordinates of theta
---@field rank integer an integer in [1, 1e+07], required: length of f
---@field features any a function theta -> f, required: from an n x dim array, a point a row, to the n x rank array of f at them; for all particles at once
---@field gradient any a function theta, g -> gradients, required: from such an array and a vector g of rank numbers to the n x dim array of the gradients of <g, f>; held against differences of the features when it is first used
---@field b any rank numbers, required: V(theta) = <b, f(theta)>
---@field risk0? number a finite number: R without neurons; default |b|^2, so that R = |b + m|^2
---@field space? "free"|"plain"|"affine" 'free' | 'plain' | 'affine', default "free": of theta: free: dim coordinates; plain: w; affine: (w, a, b), both with the laws of mf.init and the measures of mf.sgd

---A feature map of your own: V(theta) = <b, f(theta)>, U = <f(theta), f(theta')>, R = risk0 + 2 <b, m> + |m|^2 with m the mean of f. The functions are called with all points of an operation at once, twice for a force on any number of particles, and must depend on nothing else. Solvers that need second derivatives take differences of the gradient.
---@param options? mf.potential.custom.options
---@return mf.potential
function mf.potential.custom(options) end

---@class mf.potential.multi_index.options
---@field distribution mf.distribution an mf.distribution, required: multi-index law of (x, y), which gives g, k, d and noise
---@field activation mf.activation an mf.activation, required: sigma of the neurons a sigma(<w,x> + b)
---@field d? integer an integer in [2, inf]: dimension instead of the distribution's, > k; math.huge for the limit, the only one with inputs = "hypercube"
---@field tol? number a number in [1e-12, 0.01], default 1e-06: accuracy, relative to max(1, sup sigma^2), of U where |m| <= 1 and r >= 1/2, and of V relative to its root: it decides how many nodes there are along an axis, and at finite d how many orders of the expansion over directions
---@field points? integer an integer in [2, 512]: Gaussian inputs: nodes along each axis, an even number, instead of as many as tol asks for
---@field loss? mf.loss an mf.loss: loss l(y, yhat), an mf.loss; default: the square; label noise is then part of the nodes, 16 for each, and finite d has as many nodes in |x - U^T z| as orders
---@field fix_a? boolean true or false, default false: do not train the output weights
---@field fix_b? boolean true or false, default false: do not train the offsets

---Teachers of a few directions, y = g(Ux) + noise, and neurons a sigma(<w,x> + b), in theta = (a, b, m_1, .., m_k, r), m = Uw, r = |w - U^T m|; finite d and d = math.huge. Gaussian inputs are seen at the nodes of a Gauss rule in z = Ux, a hypercube at its 2^k corners (d = math.huge only, and exactly). `.error` is the largest error of V and U that was seen where |m| <= 1 and 1/2 <= r <= 1, against a finer rule; g and sigma with kinks, and large |m| with r near 0, cost more nodes. Sums over nodes and their mirror images cancel exactly, so that a plateau kept by such a symmetry is never left by rounding.
---@param options? mf.potential.multi_index.options
---@return mf.potential
function mf.potential.multi_index(options) end

---@class mf.potential.nodes.options
---@field z any n rows of k numbers (k <= 16), required: the nodes: what neurons see of x, n x k
---@field y any n numbers, required: the labels
---@field weights? any n numbers: their masses, up to a common factor; default: equal
---@field activation mf.activation an mf.activation, required: sigma of the neurons a sigma(<w,x> + b)
---@field d? integer an integer in [2, inf], default inf: dimension of x, > k: x is N(0, I) across the k directions; math.huge is the limit. r = 0 leaves them out
---@field tol? number a number in [1e-12, 0.01], default 1e-06: accuracy of U relative to max(1, sup sigma^2), where r <= 2: at finite d it decides how many orders of the expansion over directions there are
---@field loss? mf.loss an mf.loss: loss l(y, yhat), an mf.loss; default: the square; finite d has as many nodes in |x - U^T z| as orders
---@field fix_a? boolean true or false, default false: do not train the output weights
---@field fix_b? boolean true or false, default false: do not train the offsets

---Weighted examples (z, y) of one's own, z in R^k: the potential of mf.potential.multi_index on them, in theta = (a, b, m_1, .., m_k, r). Neurons answer E a sigma(<m,z> + b + r G) at d = math.huge; with r = 0 it is a finite data set, or any quadrature of a law of (z, y).
---@param options? mf.potential.nodes.options
---@return mf.potential
function mf.potential.nodes(options) end

---@class mf.potential.radial.options
---@field distribution mf.distribution an mf.distribution, required: isotropic law of (x, y), which gives delta and d
---@field activation mf.activation an mf.activation, required: sigma of the neurons sigma(<w,x>)
---@field loss? mf.loss an mf.loss: loss l(y, yhat), an mf.loss; default: the square. Others make features of the answers at nodes in |x|, as many as V and U need, and `.error` is then what is seen of theirs
---@field d? integer an integer in [2, inf]: dimension instead of the distribution's; math.huge for the limit
---@field tol? number a number in [1e-13, 0.01], default 1e-10: accuracy of V and U relative to max(1, sup U)

---Isotropic Gaussians and plain neurons sigma(<w,x>), in r = |w| in [0, inf]; any d >= 2 and d = math.huge.
---@param options? mf.potential.radial.options
---@return mf.potential
function mf.potential.radial(options) end

---@class mf.potential.relu.options
---@field distribution? mf.distribution an mf.distribution: anisotropic law whose delta, d and gamma = s0/d to take
---@field delta? number a number in (0, 1): tau_+- = 1 +- delta; required without a distribution, and else instead of its own
---@field gamma? number a number in (0, 1]: s0/d, likewise; at d = inf only the law of (r1, r2) at the start depends on it
---@field d? integer an integer in [1, inf]: dimension; default the distribution's, and math.huge, the limit, without one
---@field tol? number a number in [1e-13, 0.01], default 1e-09: accuracy of U relative to a a' max(1, sup sigma^2), sigma divided by 1 + |t| and U by (1 + |b| + s)(1 + |b'| + s') where it is unbounded; V is exact
---@field loss? mf.loss an mf.loss: loss l(y, yhat), an mf.loss; default: the square. Others make features of the answers at nodes in |P_V x| and |P_V^perp x|, as many as R needs, and what is seen of theirs is part of `.error`; at finite d both s0 and d - s0 must then be 0 or 6 and more

---Anisotropic Gaussians and neurons a relu(<w,x> + b); theta = (a, b, r1, r2), r1 = |P_V w|, r2 = |P_V^perp w|. With a distribution its d counts; d = math.huge is the limit: rank 2, closed form.
---@param options? mf.potential.relu.options
---@return mf.potential
function mf.potential.relu(options) end

---@class mf.potential.sampled.options
---@field distribution mf.distribution an mf.distribution, required: law of one example (x, y), native or custom
---@field activation mf.activation an mf.activation, required: sigma
---@field loss? mf.loss an mf.loss: loss l(y, yhat), an mf.loss; default: the square, averaged over the examples
---@field neuron? "plain"|"affine" 'plain' | 'affine', default "plain": plain: theta = w; affine: theta = (w, a, b)
---@field samples? integer an integer in [1, 1e+09]: number of examples n; the error against the population is of order n^(-1/2). Required but for a data set, which is taken whole
---@field seed? integer an integer >= 0, default 1: seed of the examples; different from those of an SGD run with the same seed
---@field fix_a? boolean true or false, default false: affine neurons: do not train the output weights
---@field fix_b? boolean true or false, default false: affine neurons: do not train the offsets

---Any model that can be sampled, in full parameter space: the responses of a neuron to n examples are its features.
---@param options? mf.potential.sampled.options
---@return mf.potential
function mf.potential.sampled(options) end

---@class mf.potential.two_radius.options
---@field distribution mf.distribution an mf.distribution, required: anisotropic law of (x, y), which gives delta, d and s0
---@field activation mf.activation an mf.activation, required: sigma of the neurons sigma(<w,x>)
---@field loss? mf.loss an mf.loss: loss l(y, yhat), an mf.loss; default: the square. Others make features of the answers at nodes in |P_V x| and |P_V^perp x|, as many as R needs, and what is seen of theirs is part of `.error`; at finite d both s0 and d - s0 must then be 0 or 6 and more
---@field d? integer an integer in [1, inf]: dimension instead of the distribution's, s0/d being kept; math.huge for the limit
---@field tol? number a number in [1e-13, 0.01], default 1e-09: accuracy of V and U relative to max(1, sup U)

---Anisotropic Gaussians and plain neurons sigma(<w,x>), in r1 = |P_V w| and r2 = |P_V^perp w|; finite d and d = math.huge. `.error` says what a slowly converging series (V or its complement of few dimensions) leaves out.
---@param options? mf.potential.two_radius.options
---@return mf.potential
function mf.potential.two_radius(options) end

---The diffusion (Eq. 12, radial as Eq. 13) in r = |w| by finite volumes: implicit, positive, conservative, with a free energy that never grows.
---@class mf.pde.grid
---@field clock any tau = int_0^t xi, in which Eq. 7 is autonomous
---@field error any sum over the steps of W_1 between a step and its two halves, and the mass in the last cell times rmax, and E max(r - rmax, 0) of rho_0: large if rmax is too small
---@field mass any sum of the masses, 1 up to rounding
---@field steps any accepted steps so far
---@field t any time
local class9 = {}

---Solves up to time t, which is hit exactly; returns the solver. Raises 'diverged' when no step is small enough, at the last good state.
---@param t any
function class9:advance(t) end

---Two arrays: the centres of the cells and the density of r there, mass over width.
function class9:density() end

----dF/dtau >= 0 in the clock tau = int xi: the right side of Eq. 24 on the cells, twice the mean of |grad (Psi_lambda + log(rho)/beta)|^2.
function class9:dissipation() end

---F = R/2 + (lambda/2) E r^2 - Ent/beta of the law on R^d with these masses; at beta = inf R/2 + (lambda/2) E r^2. It never grows from one step to the next.
function class9:free_energy() end

---rho_t, a copy.
function class9:measure() end

---R(rho_t) of Eq. 5.
function class9:risk() end

---Writes the solver to a file, whole or not at all; returns the solver. Loaded and advanced, it has the bits of one that went on. The potential is not in the file.
---@param path any
function class9:save(path) end

---Solves up to the last of the times, as advance does, and returns what was seen on the way: a table with the array t and a list for each observable, an array where they are numbers. times: increasing from now on, a list or an array; or a number t_end, for some 400 times from now to t_end, half of them at equal distances and half at equal ratios, so that a line through them is smooth on a linear and on a logarithmic axis. observables: a table of names, each "risk" or a function (rho, t) of the measure rho_t, as in { R = "risk", r = function(rho) return rho:mean() end }. Times within a step are interpolated to the accuracy of the step (by particles; a solver that cannot steps to them): with particles the run has the same bits as without observers.
---@param times any
---@param observables any
function class9:trajectory(times, observables) end

---The distributional dynamics (Eq. 7) as a sequence of minimisations (Eq. 10): each step minimises R(rho) + W_2(rho, rho_t)^2 / (2 tau), by Newton's method on J sorted particles. R never increases, whatever tau is; of first order in tau. advance and trajectory end with a shorter step where the time is no multiple of tau.
---@class mf.pde.jko
---@field clock any tau = int_0^t xi, in which Eq. 7 is autonomous
---@field error any sum over the steps of W_2 that each adds, estimated by tau/2 times the change of the velocity: of first order in tau
---@field steps any accepted steps so far
---@field t any time
local class10 = {}

---Solves up to time t, which is hit exactly; returns the solver. Raises 'diverged' when no step is small enough, at the last good state.
---@param t any
function class10:advance(t) end

----dR/dtau = 4 int |grad Psi|^2 d rho_t >= 0 in the clock tau = int xi (Proposition 2). Of particles with beta or eps it is not known.
function class10:dissipation() end

---rho_t, a copy.
function class10:measure() end

---R(rho_t) of Eq. 5.
function class10:risk() end

---Writes the solver to a file, whole or not at all; returns the solver. Loaded and advanced, it has the bits of one that went on. The potential is not in the file.
---@param path any
function class10:save(path) end

---n steps of length tau in the clock int xi; returns the solver. Eq. 10.
---@param n any
function class10:step(n) end

---Solves up to the last of the times, as advance does, and returns what was seen on the way: a table with the array t and a list for each observable, an array where they are numbers. times: increasing from now on, a list or an array; or a number t_end, for some 400 times from now to t_end, half of them at equal distances and half at equal ratios, so that a line through them is smooth on a linear and on a logarithmic axis. observables: a table of names, each "risk" or a function (rho, t) of the measure rho_t, as in { R = "risk", r = function(rho) return rho:mean() end }. Times within a step are interpolated to the accuracy of the step (by particles; a solver that cannot steps to them): with particles the run has the same bits as without observers.
---@param times any
---@param observables any
function class10:trajectory(times, observables) end

---The distributional dynamics (Eq. 7, Eq. 13) along its characteristics: weighted particles that move by -2 xi grad Psi(theta; rho_t). Radii that reach 0 stay there while the force points inward. With a finite beta (Eq. 12) each particle also has its own noise, of variance 4 xi dt / beta in every coordinate of the full space; steps are fixed then, and of weak order 1.
---@class mf.pde.particles
---@field J any number of particles
---@field clock any tau = int_0^t xi, in which Eq. 7 is autonomous
---@field local_error any sum over the steps of the estimated Wasserstein distance W_2 that each added; not the distance to the exact solution, as the dynamics may let it grow later (measured in Fig. 1: up to twice this near t = 0.5, an eighth of it at t = 10): for that compare with a smaller tol. What the law is off in W_2, the risk is off as much times dissipation()^(1/2), and a single particle may be off by more. nil with noise, where the step's error is not known: of weak order 1
---@field steps any accepted steps so far
---@field t any time
local class11 = {}

---Solves up to time t, which is hit exactly; returns the solver. Raises 'diverged' when no step is small enough, at the last good state.
---@param t any
function class11:advance(t) end

----dR/dtau = 4 int |grad Psi|^2 d rho_t >= 0 in the clock tau = int xi (Proposition 2). Of particles with beta or eps it is not known.
function class11:dissipation() end

---@class mf.pde.particles.fluctuations.options
---@field observable any "risk", the name of a coordinate or a function of the coordinates, required: A: "risk" for R(rho_t), or the mean over rho_t of a coordinate or of a smooth function of the coordinates, as m:mean takes them

---What the chance in N initial neurons does to an observable A at the present time: sqrt(N) (A(rho_N(t)) - A(rho_t)) tends to a normal law of variance Var_(rho_0) h, with h the influence of initial mass on A, from one solve of the adjoint equation backwards in time (two to four times the cost of advancing to t). Returns { value = A(rho_t), variance = N Var A, measure = rho_0, influence = h at its atoms, of mean 0, gradient = grad h there, so that atom j of mass p_j that starts by dx elsewhere changes A by p_j gradient_j dx }. A radius held at r = 0 forgets where it came from: its gradient is 0 before. A must be smooth, and so must V and U: of a sampled potential whose sigma has kinks the second derivatives are noise. Not counted: noise of SGD's examples, of order sqrt(eps). Not with beta, eps, rates, scale or birth_death.
---@param options? mf.pde.particles.fluctuations.options
function class11:fluctuations(options) end

---rho_t, a copy.
function class11:measure() end

---R(rho_t) of Eq. 5.
function class11:risk() end

---Writes the solver to a file, whole or not at all; returns the solver. Loaded and advanced, it has the bits of one that went on. The potential is not in the file.
---@param path any
function class11:save(path) end

---Solves up to the last of the times, as advance does, and returns what was seen on the way: a table with the array t and a list for each observable, an array where they are numbers. times: increasing from now on, a list or an array; or a number t_end, for some 400 times from now to t_end, half of them at equal distances and half at equal ratios, so that a line through them is smooth on a linear and on a logarithmic axis. observables: a table of names, each "risk" or a function (rho, t) of the measure rho_t, as in { R = "risk", r = function(rho) return rho:mean() end }. Times within a step are interpolated to the accuracy of the step (by particles; a solver that cannot steps to them): with particles the run has the same bits as without observers.
---@param times any
---@param observables any
function class11:trajectory(times, observables) end

mf.pde = {}

---@class mf.pde.grid.options
---@field potential mf.potential an mf.potential, required: V and U of the model, a radial one
---@field init? mf.init an mf.init: law rho_0 of the weights
---@field measure? mf.measure an mf.measure: start from this measure: each atom goes to the two centres around it
---@field beta? number a number in [1e-100, inf], default inf: inverse temperature of Eq. 12; inf: Eq. 13
---@field lambda? number a number in [0, 1e+100], default 0: weight decay: lambda r^2 / 2 is part of Psi
---@field xi? any an mf.schedule or a function t -> xi(t): step schedule; default constant 1
---@field rmax? number a number in (0, 1e+06]: radii end here, at a wall; default: 10, or more where rho_0 or the Gaussian of beta lambda need it
---@field cells? integer an integer in [8, 1e+06], default 1000: number of cells: half of them equal in length, half in the mass of rho_0
---@field tol? number a number in (0, 1], default 1e-06: tolerance of one step: W_1 between it and two halves, relative to 1 + E r

---A solution of the distributional dynamics with noise, from rho_0, as a density of r = |w| on cells. Its fixed point is mf.gibbs's law.
---@param options? mf.pde.grid.options
---@return mf.pde.grid
function mf.pde.grid(options) end

---@class mf.pde.jko.options
---@field potential mf.potential an mf.potential, required: V and U of the model, in one coordinate
---@field init? mf.init an mf.init: law rho_0 of the weights, as J quantiles
---@field measure? mf.measure an mf.measure: start from J quantiles of this measure instead of `init`
---@field tau number a number in (0, 1e+09], required: length of a step in the clock int xi: xi tau of Eq. 10
---@field J? integer an integer in [1, 1e+07], default 1000: number of particles, all of one mass
---@field xi? any an mf.schedule or a function t -> xi(t): step schedule; default constant 1

---The distributional dynamics of one coordinate by minimising movements (Eq. 10).
---@param options? mf.pde.jko.options
---@return mf.pde.jko
function mf.pde.jko(options) end

---@class mf.pde.load.options
---@field potential mf.potential an mf.potential, required: the potential that the run was made with
---@field xi? any a function t -> xi(t): the schedule again, if it is a Lua function

---The solver saved at path, of whatever kind it was, or nil and a message if the file is missing, damaged or of another kind. The potential is given again, as is a schedule that is a Lua function: raises if they are others than those that the run was made with.
---@param path any
---@param options? mf.pde.load.options
function mf.pde.load(path, options) end

---@class mf.pde.particles.options
---@field potential mf.potential an mf.potential, required: V and U of the model
---@field init? mf.init an mf.init: law rho_0 of the weights: radii become quantiles, full weights are drawn
---@field measure? mf.measure an mf.measure: start from this measure instead of `init`
---@field J? integer an integer in [1, 1e+09], default 2000: number of particles (with `init`)
---@field xi? any an mf.schedule or a function t -> xi(t): step schedule; default constant 1
---@field tol? number a number in (0, 1], default 1e-08: tolerance of one step, in the mean square over rho, relative to 1 + |theta|; not with beta
---@field step? number a number in (0, inf): fixed steps of this length in the clock int xi: for convergence tests, and with noise, where the default is 1e-3
---@field beta? number a number in [1e-100, inf], default inf: inverse temperature of Eq. 12: noise in every step; inf: none (Eq. 7)
---@field lambda? number a number in [0, 1e+100], default 0: weight decay: lambda |theta|^2 / 2 is part of Psi
---@field rates? table a table {a=, b=, w=}: learning rates of the output weights a, the offsets b and the weights w, each 1 if left out: factors of the step in gradient, decay and noise, squared in the step noise of eps, of every coordinate that stems from them, radii from w: mf.sgd's
---@field scale? number a number in [1e-100, 1e+100], default 1: output scale A of mf.sgd: features are A f, and the clock is divided by A^2
---@field birth_death? number a number in [0, 1e+100], default 0: rate alpha of birth and death: masses move by p_j' = -2 alpha xi p_j (Psi_j - sum_i p_i Psi_i); not with beta
---@field label_noise? number a number in [0, 1e+100], default 0: standard deviation of mf.sgd's label noise: its square is added to R, and with eps to (y - yhat)^2 in the step noise; square loss
---@field eps? number a number in [0, 1e+100], default 0: the step of the SGD that is meant: adds the drift of its step noise to first order in eps, 4 eps xi^2 E[(y - yhat)^2 a^2 sigma'^2 |P_perp x|^2] to the derivative of every squared radius (the effective dynamics); 0: Eq. 7
---@field batch? integer an integer in [1, 1e+09], default 1: with eps: examples a step, which divide the term
---@field common? boolean true or false, default false: with eps: also the noise that all neurons share, as they see the same examples, to first order in eps d: R then is that of yhat with what they have in common. Not for sampled and custom potentials; J <= 1000, default 400
---@field d? integer an integer in [1, 1e+09]: with beta or eps, for a potential at d = inf: the dimension of x, whose noise radii feel
---@field s0? integer an integer in [1, 1e+09]: with beta or eps, for a potential at d = inf: the dimension of V
---@field seed? integer an integer >= 0, default 1: seed of the noise, and of the neurons drawn from `init` (potentials in full parameter space)

---A solution of the distributional dynamics from rho_0 by particles.
---@param options? mf.pde.particles.options
---@return mf.pde.particles
function mf.pde.particles(options) end

---The minimum of the risk over all measures.
---@class mf.optimum
---@field at_infinity any Mass on atoms with an infinite radius.
---@field error any Bound on what the potential's own error does to a risk.
---@field gap any No measure has a risk below risk - gap: from min Psi over the whole domain (Eq. 17). For two or more parameters min Psi is what the search found. For a loss that is not convex there is no such bound, and it is inf.
---@field lower_bound any risk - gap.
---@field measure any The minimizer as an mf.measure; radii may be inf.
---@field risk any R of the measure (Eq. 5, or the mean of the potential's loss).
local class12 = {}

---@class mf.optimum.options
---@field potential mf.potential an mf.potential, required: whose risk to minimise
---@field rmax? number a number in (0, inf], default inf: radii up to here; inf: the closed half-line, where mass may sit at infinity
---@field box? table a list of {low, high}, one for each coordinate: domain of the neurons' parameters; default: [0, rmax] for a radius
---@field tol? number a number in (0, 1], default 1e-09: gap to reach
---@field starts? integer an integer in [16, 1e+06], default 2048: two or more coordinates: points from which min Psi is searched

---Minimises R(rho) of Eq. 5, for any loss of the potential, over all measures rho on the domain: where the loss is convex a convex problem, solved by exchange of atoms and certified by Eq. 17. On the closed half-line r in [0, inf] the minimum need not be attained by finite radii: mass at infinity is reported as such.
---@param options? mf.optimum.options
---@return mf.optimum
function mf.optimum(options) end

---The fixed point of Eq. 21.
---@class mf.gibbs
---@field error any Bound on what quadrature and potential leave in F and R.
---@field free_energy any F = R/2 + (lambda/2) int |theta|^2 - Ent/beta of the law (Eq. 22).
---@field gap any F of the law less the least F is at most this: the dual's |m - g|^2 / 2, never negative.
---@field log_Z any log of int exp(-beta Psi_lambda) d theta over the full space of weights.
---@field risk any R of the law (Eq. 5).
---@field square any int |theta|^2 d rho.
local class13 = {}

---The density with respect to the coordinates themselves (r^(d-1) and the sphere's area are part of it), at a point or a list of points like pot:V's. Eq. 21.
---@param theta any
function class13:density(theta) end

---The law as an mf.measure of weighted atoms, the nodes of the quadrature: means over it are integrals. With an output weight five atoms stand for its Gaussian at each node.
function class13:measure() end

---@class mf.gibbs.options
---@field potential mf.potential an mf.potential, required: V and U of the model, in radii (and a, b)
---@field beta number a number in [1e-100, 1e+100], required: inverse temperature of Eq. 12 and Eq. 21
---@field lambda number a number in [0, 1e+100], required: weight decay: lambda |theta|^2 / 2 is part of Psi; 0 only with a box
---@field d? integer an integer in [1, 1e+09]: dimension of x where the potential is at d = inf: the volume element is r^(d-1) dr, r^(d-k-1) dr across k directions of a multi-index potential
---@field s0? integer an integer in [1, 1e+09]: dimension of V where the potential is at d = inf
---@field box? table a list of {low, high}, one for each coordinate: domain of theta; default: all of it
---@field tol? number a number in [1e-13, 0.001]: accuracy of the quadrature, relative; default 1e-11, 1e-9, 1e-7 or 1e-5 in one to four coordinates besides a

---The fixed point rho ~ exp(-beta Psi_lambda(.; rho)) of Eq. 12 (Eq. 21), which is the minimum of the free energy: Newton's method on the concave dual, whose gap certifies it. For potentials in radii (and a, b); a is integrated in closed form.
---@param options? mf.gibbs.options
---@return mf.gibbs
function mf.gibbs(options) end

mf.stability = {}

---@class mf.stability.interval.options
---@field d integer an integer in [2, inf], required: dimension, or math.huge
---@field activation mf.activation an mf.activation, required: bounded, or sigma has no limit at r = inf
---@field tol? number a number in [1e-09, 0.01], default 1e-06: accuracy of both ends

---The interval (Delta_d^l, Delta_d^h) in which Lemma 1 holds; nil, nil if it holds for no Delta. ends.low and ends.high give the radius `at` which Lemma 1 is violated first beyond that end (nil if it is not) and the end's error; ends.best is the Delta seen to hold most safely (or to fail least), ends.margin its margin.
---@param options? mf.stability.interval.options
function mf.stability.interval(options) end

---@class mf.stability.lemma1.options
---@field d integer an integer in [2, inf], required: dimension, or math.huge
---@field delta number a number in (0, 1), required: separation of the two Gaussians
---@field activation mf.activation an mf.activation, required: bounded, or sigma has no limit at r = inf
---@field tol? number a number in [1e-13, 0.01], default 1e-13: accuracy of v and u_d

---Is the uniform law on one sphere a global minimizer of the risk (Lemma 1)? Returns {stable=, r_star=, risk=, margin=, at=, error=}: the global minimizer of Eq. 14 and its risk; the margin of Lemma 1 over the closed half-line [0, inf] and the radius where it is attained; a bound on the margin's numerical error. The margin is the least of v(r) + u_d(r, r_star) - v(r_star) - u_d(r_star, r_star) over both ends and all local minima r other than r_star. stable is nil if |margin| <= error.
---@param options? mf.stability.lemma1.options
function mf.stability.lemma1(options) end

---@class mf.stability.point_mass.options
---@field potential mf.potential an mf.potential, required: V and U of the model
---@field theta any a number or a vector of coordinates, required: theta_*, the place of the point mass; radii >= 0
---@field measure? mf.measure an mf.measure: rho_*, with theta_* among its atoms; default: the point mass alone
---@field tol? number a number in (0, 1], default 1e-06: forces up to this, relative to 1 + |grad V(theta)|, count as 0

---Does the point mass at theta attract or repel (Theorems 6 and 7)? Returns {verdict=, gradient=, eigenvalues=, H0=, error=, residual=, mass=}: grad Psi(theta; rho_*); H_0 of Eq. 26 in the potential's coordinates, its eigenvalues in increasing order and their estimated error; (int |grad Psi|^2 d rho_*)^(1/2), which is 0 at a fixed point; the mass p_* that rho_* has at theta. The verdict is 'not a fixed point', 'stable' (all eigenvalues > 0: Theorem 6 if p_* = 1), 'unstable' (the least is < 0 and none is 0: Theorem 7, whose conditions B2 and B3 on the rest of rho_* are not checked) or 'degenerate' (an eigenvalue is 0 within the error, always so for a sampled potential of a sigma with kinks, which has no H_0). Radii at 0 with inward force and fixed coordinates take no part: their rows of H0 are 0 and have no eigenvalue.
---@param options? mf.stability.point_mass.options
function mf.stability.point_mass(options) end

---@class mf.stability.rest.options
---@field potential mf.potential an mf.potential, required: a radial potential
---@field eps? number a number in (0, 1e+100]: SGD's step (over its batch, times xi) whose rest points are wanted; without it and alpha: the folds alone
---@field alpha? number a number in (0, 1e+100]: eps d instead of eps: all that counts at d = inf
---@field d? integer an integer in [2, 1e+09]: for a potential at d = inf: the dimension that turns eps into eps d

---Where the effective dynamics of SGD at step eps (mf.pde.particles{eps=}) is at rest with all neurons on one sphere: where Eq. 7's pull inward, r dPsi/dr, balances the noise of the steps, eps (d - 1) T. Returns { points = , folds = }, both lists by increasing r. A point is { r =, risk =, stable =, together =, apart =, error = }: the radius and its estimated error, the risk, and the rates at which the sphere as a whole returns and a single neuron returns to it (in the clock, int xi); stable if both are positive. A fold (saddle-node) is { eps =, alpha = eps d, r =, risk =, exist =, error = }: the step at which two rest points meet, which exist 'below' it or 'above' it, and its estimated relative error. Without eps: the folds alone, and an error where there is none. Radii are looked at from 1e-7 to 1e4, where T exceeds 1e-4 R.
---@param options? mf.stability.rest.options
function mf.stability.rest(options) end

---@class mf.stability.spectrum.options
---@field potential mf.potential an mf.potential, required: of the model
---@field measure mf.measure an mf.measure, required: the law of atoms, at most 600 coordinates in all: a fixed point of the flow, of a mf.optimum for instance
---@field tol? number a number in (0, 1], default 1e-06: a radius at 0 is held there by forces above this, relative to 1 + |grad V|

---The rates at which the flow approaches a law of atoms, negative ones at which it leaves it, in the clock int xi: {rates=, error=, residual=}, the eigenvalues of the flow's linearisation in increasing order, 2 Hess Psi at every atom and what atoms do to each other, their estimated error, and (int |grad Psi|^2 d rho)^(1/2), which is 0 at a fixed point. R goes to its limit like exp(-2 rates[1] clock). Radii pressed against 0, infinite radii and fixed coordinates do not move and have no rate.
---@param options? mf.stability.spectrum.options
function mf.stability.spectrum(options) end

mf.prove = {}

---Verifies a certificate of mf.prove.lemma1 with twice its precision and thirds of its boxes, trusting nothing in it. Returns true and the theorem; false and what is wrong; nil and a message if the file cannot be read or is not a certificate.
---@param path any
function mf.prove.check(path) end

---@class mf.prove.interval.options
---@field d integer an integer in [4, inf], required: dimension, or math.huge
---@field activation any an mf.activation.piecewise or a list of {t, sigma(t)}, numbers or strings like '1/3', required: piecewise linear, flat beyond its knots; doubles are taken exactly
---@field digits? integer an integer in [1, 30], default 10: decimals of the ends: each within half of 10^-digits
---@field bits? integer an integer in [16, 4096], default 256: accuracy at which to give up: the series is cut where less than 2^-bits is left
---@field certificates? any the beginning of paths: writes the proofs on both sides of both ends to this with .low.fails, .low.holds, .high.holds, .high.fails behind it

---Encloses the ends of the interval (Delta_d^l, Delta_d^h) around which Lemma 1 begins and ceases to hold, by bisection with proofs from where mf.stability.interval sees them. Returns two strings '[middle +/- radius]' (nil: not decided with `bits`, or there is no interval) and a table; ends.low and ends.high give {proved=, text=, holds=, fails=, place=, r_star=}: decimals Delta on both sides of the end for which the lemma is proved and refuted, and the radius at which it fails. At d = inf the low end is '0': ends.low.all_below says that the lemma is proved for every Delta in (0, holds].
---@param options? mf.prove.interval.options
function mf.prove.interval(options) end

---@class mf.prove.lemma1.options
---@field d integer an integer in [4, inf], required: dimension, or math.huge
---@field delta number a number in (0, 1) or a string such as '0.3', or {0, x}, required: separation of the two Gaussians, taken exactly; {0, x}: every Delta in (0, x] at once, for d = inf (margins are then in units of Delta)
---@field activation any an mf.activation.piecewise or a list of {t, sigma(t)}, numbers or strings like '1/3', required: piecewise linear, flat beyond its knots; doubles are taken exactly
---@field bits? integer an integer in [16, 4096], default 256: accuracy at which to give up: the series is cut where less than 2^-bits is left
---@field certificate? any a path: file to write the proof to, for mf.prove.check
---@field r_star? any a number or a string: taken for r_star (within 1e-6 of it) instead of searching; nothing is proved if it is wrong

---Proves or refutes Lemma 1 in ball arithmetic. Returns {proved=, r_star=, risk=, zero=, infinity=, place=, margin=, boxes=, terms=, bits=, certificate=}. proved = true: the uniform law on the sphere of radius r_star is a global minimizer of the risk, and r_star the only global minimizer of Eq. 14 on [0, inf]; false: r_star is the only global minimizer of Eq. 14, and the margin of Lemma 1 is negative at `place`, where it is `margin`; nil: undecided with at most `bits`, and `place` says where. Enclosures are strings '[middle +/- radius]': r_star, its risk, the margins at r = 0 and r = inf.
---@param options? mf.prove.lemma1.options
function mf.prove.lemma1(options) end

---@class mf.prove.optimum.options
---@field bits? integer an integer in [16, 4096], default 256: accuracy at which to give up: the series is cut where less than 2^-bits is left
---@field slack? number a number in (0, 1e+300]: int Psi d rho - min Psi to try first; default: half of the optimum's gap and a little more

---Bounds the risk of all measures on [0, inf] from below in ball arithmetic, by Psi of the optimum (mf.optimum of an mf.potential.radial, Eq. 17). Returns {proved=, lower=, upper=, gap=, boxes=, bits=}: inf R lies between the enclosures `lower` and `upper` (the risk of the optimum's measure, whose doubles are taken exactly, weights divided by their sum); gap bounds the difference. proved is nil, and `place` says where, if Psi could not be bounded.
---@param optimum any
---@param options? mf.prove.optimum.options
function mf.prove.optimum(optimum, options) end

---Weighted atoms rho = sum_j weight_j delta_theta_j: what SGD's neurons, PDE particles and optima all are. #m is the number of atoms.
---@class mf.measure
---@field dim any number of coordinates
---@field n any number of atoms
---@field space any what the coordinates mean
local class14 = {}

---The atoms, an n x dim array.
function class14:atoms() end

---rho(coordinate <= x); x a number, or an array or table.
---@param x any
---@param which any
function class14:cdf(x, which) end

---One coordinate of every atom, by name ("r", "a", "r1", "w3") or number.
---@param which any
function class14:coordinate(which) end

---@class mf.measure.density.options
---@field points? integer an integer in [8, 1e+07], default 401: number of points of the curve, made odd: edges and centres of cells
---@field bandwidth? number a number in [0, inf), default 0: standard deviation of the Gaussian in place of every atom; 0: between neighbours
---@field range? table {low, high}: interval drawn; default: all of the density
---@field coordinate? any a name or a number: which coordinate, where there is more than one

---Points x, density p there, and the point masses { {x=, mass=}, ... }, which are no part of p: the area under p and the point masses have total 1. By default p is the density behind deterministic particles, whose distribution function is linear between neighbours, and x is dense where mass is. Atoms that are a random sample need a bandwidth, or a histogram. Point masses are mass at infinity and places with 8 times the mass of a neighbour, such as particles absorbed at r = 0; of fewer than 8 places all (then x and p are empty).
---@param options? mf.measure.density.options
function class14:density(options) end

---@class mf.measure.histogram.options
---@field bins? integer an integer in [1, 1e+07], default 40: number of bins
---@field range? table {low, high}: interval covered; default: all finite atoms
---@field density? boolean true or false, default true: heights as mass per length; false: as mass
---@field coordinate? any a name or a number: which coordinate, where there is more than one

---Edges (bins + 1), heights (bins) and the mass outside the range. Bins are [edge, next edge), the last one is closed; the area of all bins is the mass inside.
---@param options? mf.measure.histogram.options
function class14:histogram(options) end

---The law of one coordinate: a measure with that coordinate alone, in space 'length' if it is a radius: its densities stay on [0, inf).
---@param which any
function class14:marginal(which) end

---int f d rho of a coordinate or of fn(x1, ..., xD); without an argument of the only coordinate, or the vector of all means.
---@param which any
function class14:mean(which) end

---Neurons with weights w, a, b as a potential of that multi-index law sees them: (a, b, m1, .., mk, r), m = Uw and r the length of w across the directions; a measure in space 'multi_index'.
---@param law any
function class14:multi_index(law) end

---The image of the measure: atoms fn(x1, ..., xD) with the same weights, with as many coordinates as fn returns, in the space named (default 'free').
---@param fn any
---@param space any
function class14:push(fn, space) end

---Smallest atom x of a coordinate with rho(<= x) >= p; p a number, or an array or table.
---@param p any
---@param which any
function class14:quantile(p, which) end

---@class mf.measure.radii.options
---@field s0 integer an integer in [1, 1e+09], required: dimension of the subspace V
---@field basis? any an mf.array of s0 orthonormal rows: rows that span V; default: the first s0 coordinates

---The law of r1 = |P_V w|, r2 = |w - P_V w|, with a and b of affine neurons: a measure in space 'two_radius', of affine neurons 'relu'.
---@param options? mf.measure.radii.options
function class14:radii(options) end

---The law of |w|: a measure in space 'radial' from weights or radii.
function class14:radius() end

---@class mf.measure.sample.options
---@field seed? integer an integer >= 0, default 1: of the draws

---n independent draws from the measure, as a measure of equal weights.
---@param n any
---@param options? mf.measure.sample.options
function class14:sample(n, options) end

---Standard deviation of a coordinate under rho (a law: no n - 1), or the vector of all.
---@param which any
function class14:std(which) end

---The masses, n numbers of sum 1.
function class14:weights() end

---@class mf.measure.options
---@field x any an mf.array or table of numbers or rows, required: atoms: n numbers, or n rows of coordinates
---@field weights? any an array or table of n numbers >= 0: masses, normalised to total 1; default equal
---@field space? string a string, default "free": what the coordinates mean: free, length, plain, affine, or a potential's space (radial, two_radius, relu)

---A measure from atoms of one's own. mf.measure(array) is mf.measure{x = array}.
---@param options? mf.measure.options
---@return mf.measure
function mf.measure(options) end

mf.transport = {}

---@class mf.transport.sliced.options
---@field directions? integer an integer in [1, 1e+09], default 200: number of random directions
---@field p? number a number in [1, inf), default 2: order
---@field seed? integer an integer >= 0, default 1: of the directions

---Sliced Wasserstein distance of two measures with any number of coordinates: the mean over random directions of the exact one-dimensional distances to the power p, then the p-th root. Not the Wasserstein distance itself, but smaller and cheap.
---@param m1 any
---@param m2 any
---@param options? mf.transport.sliced.options
function mf.transport.sliced(m1, m2, options) end

---Wasserstein-1 distance of two laws on the line, exact: the area between their distribution functions. Each is a measure of one coordinate, or an array or table of numbers of equal weight. Infinite if the masses at infinity differ.
---@param a any
---@param b any
function mf.transport.w1(a, b) end

---Wasserstein-2 distance of two laws on the line, exact; arguments as for w1.
---@param a any
---@param b any
function mf.transport.w2(a, b) end

---Wasserstein-p distance on the line for p in [1, inf], exact; p = math.huge is the largest displacement. Arguments as for w1.
---@param a any
---@param b any
---@param p any
function mf.transport.wp(a, b, p) end

---Dense vector or matrix of doubles. a[i] counts from 1; a row a[i] of a matrix is a view that shares memory, so a[i][j] = x writes into a, and a[i] = row copies a row in. Reading one past the end gives nil (ipairs stops there), any other index outside is an error. + - * / ^ work element by element on equal shapes and with numbers; of two matrices a single row or column is repeated (n x m with 1 x m, n x 1, or n x 1 with 1 x m). == compares all elements. NaN and infinities are data.
---@class mf.array
local class15 = {}

---|x| of every element.
function class15:abs() end

---Index i (of a matrix: i, j) of the first largest element, or of the first NaN.
function class15:argmax() end

---Index i (of a matrix: i, j) of the first smallest element, or of the first NaN.
function class15:argmin() end

---Column j of a matrix, a vector that shares the matrix's memory.
---@param j any
function class15:column(j) end

---A copy with memory of its own.
function class15:copy() end

---Cosine of every element.
function class15:cos() end

---Vector of the running sums.
function class15:cumsum() end

---Inner product of two vectors.
---@param b any
function class15:dot(b) end

---Error function of every element.
function class15:erf() end

---exp of every element.
function class15:exp() end

---Sets every element to x; returns a.
---@param x any
function class15:fill(x) end

---Every element rounded down.
function class15:floor() end

---One element. For a matrix faster than a[i][j], which makes a view of the row.
---@param i any
function class15:get(i) end

---Natural logarithm of every element.
function class15:log() end

---Logarithm to base 10 of every element.
function class15:log10() end

---New array of fn(x, i) or, for a matrix, fn(x, i, j) of every element.
---@param fn any
function class15:map(fn) end

---Matrix product: matrix times matrix, matrix times vector, or vector times matrix.
---@param b any
function class15:matmul(b) end

---Largest element, NaN if there is a NaN; axis as in a:sum.
---@param axis any
function class15:max(axis) end

---Mean; axis as in a:sum.
---@param axis any
function class15:mean(axis) end

---Smallest element, NaN if there is a NaN; axis as in a:sum.
---@param axis any
function class15:min(axis) end

---Whether |a - b| <= tol in every element, and the largest |a - b|. b is an array, a table or one number; equal infinities are near, NaN is near to nothing.
---@param b any
---@param tol any
function class15:near(b, tol) end

---Euclidean norm of all elements, without overflow; axis as in a:sum.
---@param axis any
function class15:norm(axis) end

---The p-quantile of all elements, linear between order statistics: p = 0 the minimum, 0.5 the median, 1 the maximum. A vector or table of p gives a vector.
---@param p any
function class15:quantile(p) end

---A copy with the same elements, row by row, in another shape.
---@param n any
function class15:reshape(n) end

---Row i of a matrix, a vector that shares the matrix's memory. The same as a[i].
---@param i any
function class15:row(i) end

---Writes one element.
---@param i any
---@param x any
function class15:set(i, x) end

---n for a vector; rows, columns for a matrix.
function class15:shape() end

---Sine of every element.
function class15:sin() end

---Elements (of a matrix: rows) i to j, both included, sharing memory with a. Defaults: i = 1, j = #a; i = j + 1 gives an empty array.
---@param i any
---@param j any
function class15:slice(i, j) end

---Sorts a vector in place, increasing, NaN at the end; returns it.
function class15:sort() end

---Square root of every element.
function class15:sqrt() end

---Standard deviation with divisor n - 1 (NaN for one element); axis as in a:sum.
---@param axis any
function class15:std(axis) end

---Sum of all elements (0 if there are none), added pairwise. With axis = 1 the vector of the columns' sums, with axis = 2 of the rows'.
---@param axis any
function class15:sum(axis) end

---Hyperbolic tangent of every element.
function class15:tanh() end

---A table of numbers, or of rows.
function class15:totable() end

---The transposed matrix, a copy.
function class15:transpose() end

mf.array = {}

---The n x n identity matrix.
---@param n any
function mf.array.identity(n) end

---n numbers from a to b, both included, in equal steps.
---@param a any
---@param b any
---@param n any
function mf.array.linspace(a, b, n) end

---n numbers from a > 0 to b > 0, both included, in equal ratios.
---@param a any
---@param b any
---@param n any
function mf.array.logspace(a, b, n) end

---Vector or matrix of ones.
---@param n any
function mf.array.ones(n) end

---a, a + step, ... up to b as in a numeric for; step = 1 by default. b is included when a whole number of steps reaches it up to rounding.
---@param a any
---@param b any
---@param step any
function mf.array.range(a, b, step) end

---Vector or matrix of zeros.
---@param n any
function mf.array.zeros(n) end

---A source of random numbers for one draw of one stream: the k-th call on equal sources gives equal numbers (Philox 4x32-10 counters, Box-Muller).
---@class mf.rng
local class16 = {}

---One standard normal.
function class16:normal() end

---n standard normals, an mf.array. Every call gives fresh numbers.
---@param n any
function class16:normals(n) end

---One uniform on (0, 1).
function class16:uniform() end

---n uniforms on (0, 1), an mf.array.
---@param n any
function class16:uniforms(n) end

---@class mf.rng.options
---@field seed? integer an integer >= 0, default 1: seed
---@field stream? integer an integer in [0, 65519], default 0: number of the stream; streams are independent
---@field draw? integer an integer >= 0, default 0: number of the draw in its stream

---A source of random numbers.
---@param options? mf.rng.options
---@return mf.rng
function mf.rng(options) end

---A file of numbers that has been read.
---@class mf.data file
local class17 = {}

mf.data = {}

---@class mf.data.read.options
---@field columns? table a list of names or numbers: the columns to read, in this order, by the header's names or by numbers from 1; default: all
---@field missing? "error"|"nan" 'error' | 'nan', default "error": what a missing value (empty, NA, N/A) is: error: a fault of the file, named by line and column; nan: NaN

---Numbers from a file: an array of its rows and, where there is a header, the columns' names. A table of text has cells between tabs, commas or blanks (its first line says which), LF or CRLF, # comments, and a header or none; a file of numpy.save has one or two dimensions (one: X is a vector). Returns nil and a message that names file, line and column if the file is missing or damaged, a cell is no number or a value is missing. mf.store.read gives the columns of a table one by one, words included.
---@param path any
---@param options? mf.data.read.options
function mf.data.read(path, options) end

---An open results file.
---@class mf.store file
local class18 = {}

---A file that has been read.
---@class mf.store file reader
local class19 = {}

mf.store = {}

---The table of results in an HDF5 file: every double bit by bit, integers as integers, lists of numbers as mf.array, a measure as the table from which mf.measure makes it again, lists as they were written. The second value lists what was not read, as texts "name: why": files of other programs may hold complex numbers, arrays of three dimensions, links to other files. A damaged file is found by its checksum; a foreign one is parsed in a process without rights. A file with a name in .tsv or .csv is read as a table of text: cells between tabs, commas or blanks, under a header or without one (then columns are numbered), comments behind #. Columns of numbers become arrays, others lists of strings, or of booleans where all are true or false; a missing value (empty, NA) is nan and listed in the second value. Returns nil and a message if the file cannot be read; of a table it names the line and the column.
---@param path any
function mf.store.read(path) end

---Writes a table of results to an HDF5 file, whole or not at all: arrays, measures, numbers, strings, booleans, lists of numbers, strings or rows, and tables of such values, which become groups. A field `attributes` (strings, numbers, booleans) becomes the attributes of its group, a table { x = { units = "1" } } in it those of the value x, for other programs (mf.store.read reads those of groups); a list of tables or arrays becomes a group with the names 1, 2, ... Equal content gives equal bytes, and a checksum guards them. Raises if the file cannot be written; the old file is then untouched.
---@param path any
---@param results any
function mf.store.write(path, results) end

---A figure: panels with series. See mf.plot. Options can be read and set as fields: fig.xlabel = "t".
---@class mf.plot.figure
local class20 = {}

---@class mf.plot.figure.band.options
---@field label? string a string, default "": entry in the legend
---@field color? any "#rrggbb" or a name: by default the next of the palette; names: black, blue, brown, gray, green, grey, orange, pink, purple, red, sky, vermilion, white, yellow
---@field opacity? number a number in [0, 1], default 0.3: of the fill

---A filled band between low[i] and high[i].
---@param x any
---@param low any
---@param high any
---@param options? mf.plot.figure.band.options
function class20:band(x, low, high, options) end

---@class mf.plot.figure.contour.options
---@field x? any an array or an increasing list: places along x, amid an image's cells
---@field y? any an array or an increasing list: places along y
---@field z? any a function of (x, y), a list of rows, a matrix or a flat list: values: a row for each y; in a flat list x runs fastest. NaN is left blank
---@field measure? any a measure: draw the density of a law in place of x, y, z
---@field coordinates? any two names or numbers: which ones of the measure; the first two
---@field bandwidth? number a number in [1e-290, inf): of the density: standard deviation of the Gaussian; by default Scott's rule
---@field points? integer an integer in [8, 2000], default 100: of the density: cells along x and along y
---@field map? "balance"|"blues"|"grays"|"viridis" 'balance' | 'blues' | 'grays' | 'viridis', default "viridis": colours from the least to the largest value
---@field zlabel? string a string, default "": text beside the colour bar
---@field zlog? boolean true or false, default false: logarithmic colours
---@field bar? boolean true or false, default true: whether a colour bar stands beside the axes
---@field filled? boolean true or false, default false: fill between the levels
---@field levels? any a number of levels or an increasing list: values on the lines; by default about eight round ones
---@field masses? table a list of shares in (0, 1): of a measure: the lines hold these shares of the mass; by default 0.99, 0.9, 0.75, 0.5, 0.25
---@field label? string a string, default "": entry in the legend
---@field color? any "#rrggbb" or a name: of the lines
---@field width? number a number in [0.05, 20], default 0.7: line width in points
---@field dash? "solid"|"dashed"|"dotted"|"dashdot" 'solid' | 'dashed' | 'dotted' | 'dashdot': dash pattern; solid, until the palette begins again

---Level lines of a function of two variables, or filled levels with a colour bar. Of a measure: lines that hold given shares of its mass.
---@param options? mf.plot.figure.contour.options
function class20:contour(options) end

---All that is drawn, as numbers: a group for each panel, series, inset and text, for mf.store.write. mf.plot.from draws it again.
function class20:data() end

---@class mf.plot.figure.density.options
---@field label? string a string, default "": entry in the legend
---@field color? any "#rrggbb" or a name: by default the next of the palette; names: black, blue, brown, gray, green, grey, orange, pink, purple, red, sky, vermilion, white, yellow
---@field width? number a number in [0.05, 20], default 1.1: line width in points
---@field dash? "solid"|"dashed"|"dotted"|"dashdot" 'solid' | 'dashed' | 'dotted' | 'dashdot': dash pattern; solid, until the palette begins again
---@field bandwidth? number a number in [0, inf): standard deviation of a Gaussian in place of every atom
---@field points? integer an integer in [8, 1e+07]: number of points of the curve
---@field coordinate? any a name or a number: which one, where there are several

---The smooth density of a particle measure (measure:density()), of an mf.pde.grid or of an mf.gibbs in one coordinate, as a line, but for a millionth of the mass at either end. Point masses, which have no density, are marked by triangles on the axis, of an area that grows with the mass.
---@param law any
---@param options? mf.plot.figure.density.options
function class20:density(law, options) end

---@class mf.plot.figure.histogram.options
---@field label? string a string, default "": entry in the legend
---@field color? any "#rrggbb" or a name: by default the next of the palette; names: black, blue, brown, gray, green, grey, orange, pink, purple, red, sky, vermilion, white, yellow
---@field opacity? number a number in [0, 1], default 0.3: of the fill
---@field bins? integer an integer in [1, 1e+06]: number of bins; by default 2 n^(1/3), at least 10
---@field range? table {low, high} with low < high: from where to where; by default all finite values

---The density of a list, an array or a one-dimensional measure in equal bins; of a measure a millionth of the mass at either end has no say in the range. Mass outside the range (or at infinity) counts in the total but is not drawn, so the area is the share of mass inside.
---@param data any
---@param options? mf.plot.figure.histogram.options
function class20:histogram(data, options) end

---@class mf.plot.figure.hline.options
---@field label? string a string, default "": entry in the legend
---@field color? any "#rrggbb" or a name: by default the next of the palette; names: black, blue, brown, gray, green, grey, orange, pink, purple, red, sky, vermilion, white, yellow
---@field dash? "solid"|"dashed"|"dotted"|"dashdot" 'solid' | 'dashed' | 'dotted' | 'dashdot': dash pattern; solid, until the palette begins again
---@field width? number a number in [0.05, 20], default 0.7: line width in points

---A horizontal line across the axes.
---@param y any
---@param options? mf.plot.figure.hline.options
function class20:hline(y, options) end

---@class mf.plot.figure.image.options
---@field x? any an array or an increasing list: places along x, amid an image's cells
---@field y? any an array or an increasing list: places along y
---@field z? any a function of (x, y), a list of rows, a matrix or a flat list: values: a row for each y; in a flat list x runs fastest. NaN is left blank
---@field measure? any a measure: draw the density of a law in place of x, y, z
---@field coordinates? any two names or numbers: which ones of the measure; the first two
---@field bandwidth? number a number in [1e-290, inf): of the density: standard deviation of the Gaussian; by default Scott's rule
---@field points? integer an integer in [8, 2000], default 100: of the density: cells along x and along y
---@field map? "balance"|"blues"|"grays"|"viridis" 'balance' | 'blues' | 'grays' | 'viridis', default "viridis": colours from the least to the largest value
---@field zlabel? string a string, default "": text beside the colour bar
---@field zlog? boolean true or false, default false: logarithmic colours
---@field bar? boolean true or false, default true: whether a colour bar stands beside the axes
---@field zrange? table {low, high} with low < high: values at the ends of the colours

---A function of two variables as colours: one cell for each (x[i], y[j]), with a colour bar. Or the density of a law in two coordinates.
---@param options? mf.plot.figure.image.options
function class20:image(options) end

---@class mf.plot.figure.inset.options
---@field xlabel? string a string, default "": text under the axis; x_N is a subscript, x^2 a superscript, \_ an underscore
---@field ylabel? string a string, default "": text beside the axis
---@field title? string a string, default "": text above the axes; of a figure with several panels: above them all
---@field tag? string a string, default "": bold letter at the upper left corner, as in "a"
---@field xlog? boolean true or false, default false: logarithmic x axis; points it cannot show are left out, with a warning
---@field ylog? boolean true or false, default false: logarithmic y axis
---@field xrange? table {low, high} with low < high: ends of the x axis; from the data if not given
---@field yrange? table {low, high} with low < high: ends of the y axis
---@field xticks? table a list of numbers or of {number, label}: marks on the x axis
---@field yticks? table a list of numbers or of {number, label}: marks on the y axis
---@field grid? boolean true or false, default false: thin lines across the axes at their marks
---@field equal? boolean true or false, default false: one unit has the same length on both axes
---@field palette? table a list of colours: colours that series take in turn; mf.plot.colors(n) makes one for curves in an order
---@field key? "auto"|"none"|"outside"|"below"|"top right"|"top left"|"bottom right"|"bottom left"|"top center"|"bottom center"|"center right"|"center left"|"center" 'auto' | 'none' | 'outside' | 'below' | 'top right' | 'top left' | 'bottom right' | 'bottom left' | 'top center' | 'bottom center' | 'center right' | 'center left' | 'center', default "auto": place of the legend; auto: where it hides no data, outside the axes if there is no such place
---@field x? number a number in [0, 1]: left edge of the inset's frame, as a fraction of the axes; without x or y: where it hides no data, and beside the axes if there is no such place
---@field y? number a number in [0, 1]: lower edge of its frame
---@field w? number a number in [0.05, 1], default 0.45: width of its frame
---@field h? number a number in [0.05, 1], default 0.42: height of its frame

---Small axes inside the axes; draw in what it returns with the same methods.
---@param options? mf.plot.figure.inset.options
function class20:inset(options) end

---@class mf.plot.figure.line.options
---@field label? string a string, default "": entry in the legend
---@field color? any "#rrggbb" or a name: by default the next of the palette; names: black, blue, brown, gray, green, grey, orange, pink, purple, red, sky, vermilion, white, yellow
---@field width? number a number in [0.05, 20], default 1.1: line width in points
---@field dash? "solid"|"dashed"|"dotted"|"dashdot" 'solid' | 'dashed' | 'dotted' | 'dashdot': dash pattern; solid, until the palette begins again

---A line through the points (x[i], y[i]).
---@param x any
---@param y any
---@param options? mf.plot.figure.line.options
function class20:line(x, y, options) end

---@class mf.plot.figure.panel.options
---@field xlabel? string a string, default "": text under the axis; x_N is a subscript, x^2 a superscript, \_ an underscore
---@field ylabel? string a string, default "": text beside the axis
---@field title? string a string, default "": text above the axes; of a figure with several panels: above them all
---@field tag? string a string, default "": bold letter at the upper left corner, as in "a"
---@field xlog? boolean true or false, default false: logarithmic x axis; points it cannot show are left out, with a warning
---@field ylog? boolean true or false, default false: logarithmic y axis
---@field xrange? table {low, high} with low < high: ends of the x axis; from the data if not given
---@field yrange? table {low, high} with low < high: ends of the y axis
---@field xticks? table a list of numbers or of {number, label}: marks on the x axis
---@field yticks? table a list of numbers or of {number, label}: marks on the y axis
---@field grid? boolean true or false, default false: thin lines across the axes at their marks
---@field equal? boolean true or false, default false: one unit has the same length on both axes
---@field palette? table a list of colours: colours that series take in turn; mf.plot.colors(n) makes one for curves in an order
---@field key? "auto"|"none"|"outside"|"below"|"top right"|"top left"|"bottom right"|"bottom left"|"top center"|"bottom center"|"center right"|"center left"|"center" 'auto' | 'none' | 'outside' | 'below' | 'top right' | 'top left' | 'bottom right' | 'bottom left' | 'top center' | 'bottom center' | 'center right' | 'center left' | 'center', default "auto": place of the legend; auto: where it hides no data, outside the axes if there is no such place

---The i-th panel, with its options set if given (the others stay); it has the figure's drawing methods.
---@param i any
---@param options? mf.plot.figure.panel.options
function class20:panel(i, options) end

---@class mf.plot.figure.points.options
---@field label? string a string, default "": entry in the legend
---@field color? any "#rrggbb" or a name: by default the next of the palette; names: black, blue, brown, gray, green, grey, orange, pink, purple, red, sky, vermilion, white, yellow
---@field symbol? "+"|"x"|"*"|"square"|"box"|"circle"|"disc"|"triangle"|"wedge"|"diamond"|"gem" '+' | 'x' | '*' | 'square' | 'box' | 'circle' | 'disc' | 'triangle' | 'wedge' | 'diamond' | 'gem': symbol; by default the next one
---@field size? number a number in [0.1, 20], default 1: symbol size, relative
---@field opacity? number a number in [0, 1], default 1: of the symbols; clouds of many points want less
---@field errors? any an array or list of numbers >= 0: half lengths of vertical error bars
---@field xerrors? any an array or list of numbers >= 0: half lengths of horizontal error bars

---Symbols at (x[i], y[i]), with error bars of half length errors[i] (vertical) and xerrors[i] where given.
---@param x any
---@param y any
---@param options? mf.plot.figure.points.options
function class20:points(x, y, options) end

---Writes .svg (the same bytes every time), .pdf or .png (300 dots an inch) through gnuplot; whole files or none. Or .gp, the gnuplot script with its data, which draws the .svg. Raises with the system's or gnuplot's reason if that fails.
---@param path any
---@param ... any
function class20:save(path, ...) end

---@class mf.plot.figure.show.options
---@field graphics? "auto"|"sixel"|"braille" 'auto' | 'sixel' | 'braille', default "auto": sixel: pixels; braille: dots in characters; auto: sixel where the terminal says that it draws it, and neither columns, lines nor color is given
---@field columns? integer an integer in [20, 1000]: width in characters; by default the terminal's
---@field lines? integer an integer in [5, 1000]: height of a panel in lines; by default fits the terminal
---@field color? boolean true or false: colours; by default on a terminal, unless NO_COLOR is set

---Draws the figure in the terminal: in pixels where it draws sixels, else in braille dots, without colours if NO_COLOR is set. In a notebook: as SVG and PNG. MEANFIELD_GRAPHICS=braille is for terminals that promise more than they hold.
---@param options? mf.plot.figure.show.options
function class20:show(options) end

---@class mf.plot.figure.text.options
---@field color? any "#rrggbb" or a name: by default the next of the palette; names: black, blue, brown, gray, green, grey, orange, pink, purple, red, sky, vermilion, white, yellow
---@field align? "left"|"center"|"right" 'left' | 'center' | 'right', default "left": which part of the text stands at x
---@field fraction? boolean true or false, default false: x and y are fractions of the axes, not data
---@field size? number a number in [1, 100], default 7: font size in points

---A text at (x, y), in data or axes coordinates.
---@param x any
---@param y any
---@param text any
---@param options? mf.plot.figure.text.options
function class20:text(x, y, text, options) end

---@class mf.plot.figure.vline.options
---@field label? string a string, default "": entry in the legend
---@field color? any "#rrggbb" or a name: by default the next of the palette; names: black, blue, brown, gray, green, grey, orange, pink, purple, red, sky, vermilion, white, yellow
---@field dash? "solid"|"dashed"|"dotted"|"dashdot" 'solid' | 'dashed' | 'dotted' | 'dashdot': dash pattern; solid, until the palette begins again
---@field width? number a number in [0.05, 20], default 0.7: line width in points

---A vertical line across the axes.
---@param x any
---@param options? mf.plot.figure.vline.options
function class20:vline(x, options) end

---One pair of axes of a figure: figure:panel(i) or figure:inset{...}.
---@class mf.plot.panel
local class21 = {}

---@class mf.plot.figure.band.options
---@field label? string a string, default "": entry in the legend
---@field color? any "#rrggbb" or a name: by default the next of the palette; names: black, blue, brown, gray, green, grey, orange, pink, purple, red, sky, vermilion, white, yellow
---@field opacity? number a number in [0, 1], default 0.3: of the fill

---A filled band between low[i] and high[i].
---@param x any
---@param low any
---@param high any
---@param options? mf.plot.figure.band.options
function class21:band(x, low, high, options) end

---@class mf.plot.figure.contour.options
---@field x? any an array or an increasing list: places along x, amid an image's cells
---@field y? any an array or an increasing list: places along y
---@field z? any a function of (x, y), a list of rows, a matrix or a flat list: values: a row for each y; in a flat list x runs fastest. NaN is left blank
---@field measure? any a measure: draw the density of a law in place of x, y, z
---@field coordinates? any two names or numbers: which ones of the measure; the first two
---@field bandwidth? number a number in [1e-290, inf): of the density: standard deviation of the Gaussian; by default Scott's rule
---@field points? integer an integer in [8, 2000], default 100: of the density: cells along x and along y
---@field map? "balance"|"blues"|"grays"|"viridis" 'balance' | 'blues' | 'grays' | 'viridis', default "viridis": colours from the least to the largest value
---@field zlabel? string a string, default "": text beside the colour bar
---@field zlog? boolean true or false, default false: logarithmic colours
---@field bar? boolean true or false, default true: whether a colour bar stands beside the axes
---@field filled? boolean true or false, default false: fill between the levels
---@field levels? any a number of levels or an increasing list: values on the lines; by default about eight round ones
---@field masses? table a list of shares in (0, 1): of a measure: the lines hold these shares of the mass; by default 0.99, 0.9, 0.75, 0.5, 0.25
---@field label? string a string, default "": entry in the legend
---@field color? any "#rrggbb" or a name: of the lines
---@field width? number a number in [0.05, 20], default 0.7: line width in points
---@field dash? "solid"|"dashed"|"dotted"|"dashdot" 'solid' | 'dashed' | 'dotted' | 'dashdot': dash pattern; solid, until the palette begins again

---Level lines of a function of two variables, or filled levels with a colour bar. Of a measure: lines that hold given shares of its mass.
---@param options? mf.plot.figure.contour.options
function class21:contour(options) end

---@class mf.plot.figure.density.options
---@field label? string a string, default "": entry in the legend
---@field color? any "#rrggbb" or a name: by default the next of the palette; names: black, blue, brown, gray, green, grey, orange, pink, purple, red, sky, vermilion, white, yellow
---@field width? number a number in [0.05, 20], default 1.1: line width in points
---@field dash? "solid"|"dashed"|"dotted"|"dashdot" 'solid' | 'dashed' | 'dotted' | 'dashdot': dash pattern; solid, until the palette begins again
---@field bandwidth? number a number in [0, inf): standard deviation of a Gaussian in place of every atom
---@field points? integer an integer in [8, 1e+07]: number of points of the curve
---@field coordinate? any a name or a number: which one, where there are several

---The smooth density of a particle measure (measure:density()), of an mf.pde.grid or of an mf.gibbs in one coordinate, as a line, but for a millionth of the mass at either end. Point masses, which have no density, are marked by triangles on the axis, of an area that grows with the mass.
---@param law any
---@param options? mf.plot.figure.density.options
function class21:density(law, options) end

---@class mf.plot.figure.histogram.options
---@field label? string a string, default "": entry in the legend
---@field color? any "#rrggbb" or a name: by default the next of the palette; names: black, blue, brown, gray, green, grey, orange, pink, purple, red, sky, vermilion, white, yellow
---@field opacity? number a number in [0, 1], default 0.3: of the fill
---@field bins? integer an integer in [1, 1e+06]: number of bins; by default 2 n^(1/3), at least 10
---@field range? table {low, high} with low < high: from where to where; by default all finite values

---The density of a list, an array or a one-dimensional measure in equal bins; of a measure a millionth of the mass at either end has no say in the range. Mass outside the range (or at infinity) counts in the total but is not drawn, so the area is the share of mass inside.
---@param data any
---@param options? mf.plot.figure.histogram.options
function class21:histogram(data, options) end

---@class mf.plot.figure.hline.options
---@field label? string a string, default "": entry in the legend
---@field color? any "#rrggbb" or a name: by default the next of the palette; names: black, blue, brown, gray, green, grey, orange, pink, purple, red, sky, vermilion, white, yellow
---@field dash? "solid"|"dashed"|"dotted"|"dashdot" 'solid' | 'dashed' | 'dotted' | 'dashdot': dash pattern; solid, until the palette begins again
---@field width? number a number in [0.05, 20], default 0.7: line width in points

---A horizontal line across the axes.
---@param y any
---@param options? mf.plot.figure.hline.options
function class21:hline(y, options) end

---@class mf.plot.figure.image.options
---@field x? any an array or an increasing list: places along x, amid an image's cells
---@field y? any an array or an increasing list: places along y
---@field z? any a function of (x, y), a list of rows, a matrix or a flat list: values: a row for each y; in a flat list x runs fastest. NaN is left blank
---@field measure? any a measure: draw the density of a law in place of x, y, z
---@field coordinates? any two names or numbers: which ones of the measure; the first two
---@field bandwidth? number a number in [1e-290, inf): of the density: standard deviation of the Gaussian; by default Scott's rule
---@field points? integer an integer in [8, 2000], default 100: of the density: cells along x and along y
---@field map? "balance"|"blues"|"grays"|"viridis" 'balance' | 'blues' | 'grays' | 'viridis', default "viridis": colours from the least to the largest value
---@field zlabel? string a string, default "": text beside the colour bar
---@field zlog? boolean true or false, default false: logarithmic colours
---@field bar? boolean true or false, default true: whether a colour bar stands beside the axes
---@field zrange? table {low, high} with low < high: values at the ends of the colours

---A function of two variables as colours: one cell for each (x[i], y[j]), with a colour bar. Or the density of a law in two coordinates.
---@param options? mf.plot.figure.image.options
function class21:image(options) end

---@class mf.plot.figure.inset.options
---@field xlabel? string a string, default "": text under the axis; x_N is a subscript, x^2 a superscript, \_ an underscore
---@field ylabel? string a string, default "": text beside the axis
---@field title? string a string, default "": text above the axes; of a figure with several panels: above them all
---@field tag? string a string, default "": bold letter at the upper left corner, as in "a"
---@field xlog? boolean true or false, default false: logarithmic x axis; points it cannot show are left out, with a warning
---@field ylog? boolean true or false, default false: logarithmic y axis
---@field xrange? table {low, high} with low < high: ends of the x axis; from the data if not given
---@field yrange? table {low, high} with low < high: ends of the y axis
---@field xticks? table a list of numbers or of {number, label}: marks on the x axis
---@field yticks? table a list of numbers or of {number, label}: marks on the y axis
---@field grid? boolean true or false, default false: thin lines across the axes at their marks
---@field equal? boolean true or false, default false: one unit has the same length on both axes
---@field palette? table a list of colours: colours that series take in turn; mf.plot.colors(n) makes one for curves in an order
---@field key? "auto"|"none"|"outside"|"below"|"top right"|"top left"|"bottom right"|"bottom left"|"top center"|"bottom center"|"center right"|"center left"|"center" 'auto' | 'none' | 'outside' | 'below' | 'top right' | 'top left' | 'bottom right' | 'bottom left' | 'top center' | 'bottom center' | 'center right' | 'center left' | 'center', default "auto": place of the legend; auto: where it hides no data, outside the axes if there is no such place
---@field x? number a number in [0, 1]: left edge of the inset's frame, as a fraction of the axes; without x or y: where it hides no data, and beside the axes if there is no such place
---@field y? number a number in [0, 1]: lower edge of its frame
---@field w? number a number in [0.05, 1], default 0.45: width of its frame
---@field h? number a number in [0.05, 1], default 0.42: height of its frame

---Small axes inside the axes; draw in what it returns with the same methods.
---@param options? mf.plot.figure.inset.options
function class21:inset(options) end

---@class mf.plot.figure.line.options
---@field label? string a string, default "": entry in the legend
---@field color? any "#rrggbb" or a name: by default the next of the palette; names: black, blue, brown, gray, green, grey, orange, pink, purple, red, sky, vermilion, white, yellow
---@field width? number a number in [0.05, 20], default 1.1: line width in points
---@field dash? "solid"|"dashed"|"dotted"|"dashdot" 'solid' | 'dashed' | 'dotted' | 'dashdot': dash pattern; solid, until the palette begins again

---A line through the points (x[i], y[i]).
---@param x any
---@param y any
---@param options? mf.plot.figure.line.options
function class21:line(x, y, options) end

---@class mf.plot.figure.points.options
---@field label? string a string, default "": entry in the legend
---@field color? any "#rrggbb" or a name: by default the next of the palette; names: black, blue, brown, gray, green, grey, orange, pink, purple, red, sky, vermilion, white, yellow
---@field symbol? "+"|"x"|"*"|"square"|"box"|"circle"|"disc"|"triangle"|"wedge"|"diamond"|"gem" '+' | 'x' | '*' | 'square' | 'box' | 'circle' | 'disc' | 'triangle' | 'wedge' | 'diamond' | 'gem': symbol; by default the next one
---@field size? number a number in [0.1, 20], default 1: symbol size, relative
---@field opacity? number a number in [0, 1], default 1: of the symbols; clouds of many points want less
---@field errors? any an array or list of numbers >= 0: half lengths of vertical error bars
---@field xerrors? any an array or list of numbers >= 0: half lengths of horizontal error bars

---Symbols at (x[i], y[i]), with error bars of half length errors[i] (vertical) and xerrors[i] where given.
---@param x any
---@param y any
---@param options? mf.plot.figure.points.options
function class21:points(x, y, options) end

---@class mf.plot.figure.text.options
---@field color? any "#rrggbb" or a name: by default the next of the palette; names: black, blue, brown, gray, green, grey, orange, pink, purple, red, sky, vermilion, white, yellow
---@field align? "left"|"center"|"right" 'left' | 'center' | 'right', default "left": which part of the text stands at x
---@field fraction? boolean true or false, default false: x and y are fractions of the axes, not data
---@field size? number a number in [1, 100], default 7: font size in points

---A text at (x, y), in data or axes coordinates.
---@param x any
---@param y any
---@param text any
---@param options? mf.plot.figure.text.options
function class21:text(x, y, text, options) end

---@class mf.plot.figure.vline.options
---@field label? string a string, default "": entry in the legend
---@field color? any "#rrggbb" or a name: by default the next of the palette; names: black, blue, brown, gray, green, grey, orange, pink, purple, red, sky, vermilion, white, yellow
---@field dash? "solid"|"dashed"|"dotted"|"dashdot" 'solid' | 'dashed' | 'dotted' | 'dashdot': dash pattern; solid, until the palette begins again
---@field width? number a number in [0.05, 20], default 0.7: line width in points

---A vertical line across the axes.
---@param x any
---@param options? mf.plot.figure.vline.options
function class21:vline(x, options) end

mf.plot = {}

---n colours for curves in an order, from dark to light along a map (viridis, blues, grays, balance); for the option `palette`.
---@param n any
---@param map any
function mf.plot.colors(n, map) end

---The figure of data that figure:data() gave, also after mf.store.write and mf.store.read; an experiment keeps its figures under `figures` in its .h5.
---@param data any
function mf.plot.from(data) end

---@class mf.plot.grid.options
---@field xlabel? string a string, default "": text under the axis; x_N is a subscript, x^2 a superscript, \_ an underscore
---@field ylabel? string a string, default "": text beside the axis
---@field title? string a string, default "": text above the axes; of a figure with several panels: above them all
---@field tag? string a string, default "": bold letter at the upper left corner, as in "a"
---@field xlog? boolean true or false, default false: logarithmic x axis; points it cannot show are left out, with a warning
---@field ylog? boolean true or false, default false: logarithmic y axis
---@field xrange? table {low, high} with low < high: ends of the x axis; from the data if not given
---@field yrange? table {low, high} with low < high: ends of the y axis
---@field xticks? table a list of numbers or of {number, label}: marks on the x axis
---@field yticks? table a list of numbers or of {number, label}: marks on the y axis
---@field grid? boolean true or false, default false: thin lines across the axes at their marks
---@field equal? boolean true or false, default false: one unit has the same length on both axes
---@field palette? table a list of colours: colours that series take in turn; mf.plot.colors(n) makes one for curves in an order
---@field key? "auto"|"none"|"outside"|"below"|"top right"|"top left"|"bottom right"|"bottom left"|"top center"|"bottom center"|"center right"|"center left"|"center" 'auto' | 'none' | 'outside' | 'below' | 'top right' | 'top left' | 'bottom right' | 'bottom left' | 'top center' | 'bottom center' | 'center right' | 'center left' | 'center', default "auto": place of the legend; auto: where it hides no data, outside the axes if there is no such place
---@field width? number a number in [0.5, 100]: inches; 3.4 (one column) with one panel across, else 7 (two columns)
---@field height? number a number in [0.5, 100]: inches; in proportion to the width
---@field panels? integer an integer in [1, 100], default 1: number of panels, side by side; reach them with figure:panel(i)
---@field rows? integer an integer in [1, 100]: rows of panels
---@field columns? integer an integer in [1, 100]: columns of panels
---@field font? string a string, default "DejaVu Sans": name of the font
---@field fontsize? number a number in [2, 100], default 8: of axis labels, in points; ticks and legends 7/8

---A figure with rows x columns panels, numbered row by row.
---@param options? mf.plot.grid.options
function mf.plot.grid(options) end

---A run: see mf.experiment. run.key is the value of option key.
---@class mf.experiment.run
---@field name any the experiment's name
---@field options any all options and their values
---@field out any folder of its results
---@field quick any whether --quick was given
local class22 = {}

---States a claim as numbers, op one of < <= > >= == ~=; or run:check(name, condition). Prints pass or FAIL. The program's exit code is 1 if any check failed.
---@param name any
---@param value any
---@param op any
---@param bound any
function class22:check(name, value, op, bound) end

---All recorded values of a column.
---@param name any
function class22:column(name) end

---Largest value of a column; NaN if it holds one.
---@param name any
function class22:max(name) end

---Smallest value of a column; NaN if it holds one.
---@param name any
function class22:min(name) end

---How many times nearer a value is to one theory than to another: |value - other| / |value - theory|; inf where the two differ by less than this share of the other, so that there is nothing to tell apart.
---@param value any
---@param theory any
---@param other any
---@param share any
function class22:nearer(value, theory, other, share) end

---Appends a row. The first row fixes the columns: first those listed in `columns`, then the others by the alphabet. Rows reach the disk at once, in <name>.partial.tsv; a row that cannot be written is an error.
---@param options? any
function class22:record(options) end

---Writes the data with options, checks, script and code version (<name>.tsv to read, <name>.h5), and the figures (<name>.svg and .png, and .gp, which draws the .svg by gnuplot; several are numbered, or named by run:save{suffix=figure}); prints a short table.
---@param figure any
---@param ... any
function class22:save(figure, ...) end

---Runs through output times, which must not decrease, with one progress bar for all of them; run:times() takes those of the option `times`. Of several lists it runs through all times in order, each once.
---@param list any
---@param ... any
function class22:times(list, ...) end

---@class mf.experiment.options
---@field name any a name of letters, digits, _ and -, required: names the results folder and its files
---@field options? table a table { key = default }: what --set may change; the default fixes the type
---@field quick? table a table { key = value }: the defaults under --quick
---@field columns? table a list of names: columns in the order of tables; what is not listed follows by the alphabet
---@field about? table a table { column = text or { label =, units =, equation = } }: what columns are: attributes of the data in the .h5; common names are known
---@field claim? string a string: what the paper says, for the report (meanfield reproduce); default: the first sentence of the script's head, if it names an item of the paper
---@field args? table a list of strings: arguments instead of the command line's

---A run of an experiment script: reads --set key=value, --out DIR, --quick and --help from the command line (strict). run.key is the value of an option, run.quick tells of --quick, run.out is the folder.
---@param options? mf.experiment.options
function mf.experiment(options) end

---@class mf.fit.options
---@field log? boolean true or false, default false: fit log y against log x: the slope is the exponent of a power law

---The straight line through the points (x[i], y[i]) by least squares: its slope, the standard error of that (from the scatter about the line, taken as independent and equal everywhere) and its value at x = 0. With log = true of the logarithms: y = exp(intercept) x^slope.
---@param x any
---@param y any
---@param options? mf.fit.options
function mf.fit(x, y, options) end

---@class mf.sweep.options
---@field workers? integer an integer in [1, 1024]: processes at a time; default: mf.threads()
---@field out? string a string: folder that keeps finished points; default: the folder of the running experiment; without one nothing is kept
---@field name? string a string, default "sweep": finished points are kept in out/name.points
---@field tag? string a string, default "": points kept under another tag are not reused: change it when fn changes in a way that its text and its captured values do not show
---@field seeds? integer an integer in [2, 1e+06]: run fn(point, seed) for seed = 1 to this, and return for each point { mean =, error = }: the mean of its results over the seeds and the standard error of that mean, number by number

---Runs fn(point) for every point of a list (numbers, strings or tables of them) in processes of their own and returns the list of results, in the order of the points: numbers, strings, booleans or tables of them. A point that fails is reported on stderr with its traceback and has the result false; the second value lists the failures {index=, point=, message=}. Finished points are kept at once and skipped on a rerun, as long as fn's text and the values it captures are the same. Results do not depend on the number of workers: math.random is seeded by the point. Started by mpirun, the points are spread over the ranks (docs/sweep.md).
---@param points any
---@param fn any
---@param options? mf.sweep.options
function mf.sweep(points, fn, options) end

mf.help = {}

---The same for a class written in Lua, given the table of its methods.
---@param class any
---@param options? any
function mf.help.class(class, options) end

---Gives a function of your own documentation that mf.help finds.
---@param value any
---@param options? any
function mf.help.document(value, options) end

---What an option takes, and its default, in words.
---@param field any
function mf.help.expected(field) end

---The names of public things without documentation; empty in a sound build.
function mf.help.missing() end

---The names of everything that has documentation.
function mf.help.names() end

---What mf.help(x) prints.
---@param x any
function mf.help.text(x) end

---How mf.help shows a text; the prompt puts its pager here.
---@param text any
function mf.help.write(text) end

---OpenBLAS's kernels in use, and the library's file.
function mf.blas() end

---@class mf.descend.options
---@field distribution mf.distribution an mf.distribution, required: isotropic law of (x, y)
---@field activation mf.activation an mf.activation, required: sigma of the neurons sigma(<w,x>)
---@field N integer an integer in [1, 100000], required: number of neurons
---@field init mf.init an mf.init, required: law of the weights to start from
---@field seed? integer an integer >= 0, default 1: seed of those weights
---@field tol? number a number in (0, 1], default 1e-07: stop where N |grad R_N| is below
---@field steps? integer an integer in [1, 1e+09], default 2000: at most
---@field terms? integer an integer in [8, 512], default 64: of the Hermite series that is descended; the risk returned is exact

---Minimises the exact population risk R_N (Eq. 4) of N plain neurons over their weights, by quasi-Newton descent from one start: a local minimum, so keep the best of many seeds. Returns {risk=, error=, gradient=, steps=, measure=}: the exact risk and a bound on its numerical error, N times the norm of the gradient that is left, the steps made, the neurons.
---@param options? mf.descend.options
function mf.descend(options) end

---Holds a folder against other runs until it is closed.
---@class mf.file.lock
local class23 = {}

---Lets go of the folder.
function class23:close() end

---A file that grows by whole rows.
---@class mf.file.rows
local class24 = {}

---Appends all of the text or nothing: true, or nil and the system's reason.
---@param text any
function class24:add(text) end

---Flushes to the disk and closes.
function class24:close() end

mf.file = {}

---Makes a folder and those above it: true, or nil and a message.
---@param path any
function mf.file.folder(path) end

---Makes the folder if need be and holds it against other runs; nil and a message if that fails.
---@param folder any
function mf.file.hold(folder) end

---The names in a folder but those that begin with a dot, in no order; nil and a message if there is none.
---@param path any
function mf.file.list(path) end

---Writes a file whole or not at all: true, or nil and a message.
---@param path any
---@param text any
function mf.file.replace(path, text) end

---Opens a file for appending whole rows; nil and a message if that fails.
---@param path any
---@return mf.file.rows
function mf.file.rows(path) end

---Calls fn(path) before mf.data.read and mf.store.read read a file.
---@param fn any
function mf.file.watch(fn) end

---Instruction set in use: baseline, avx2 or avx512. MEANFIELD_ISA in the environment asks for a lesser one.
function mf.isa() end

---Forked workers, one for each running job. Closing it kills them.
---@class mf.process.pool
---@field free any Number of workers that could be started now.
local class25 = {}

---Waits at most so long for a worker to end: returns its job and string; or its job, nil and how it died; or nothing. May return early with nothing.
---@param seconds any
function class25:next(seconds) end

---Forks a worker that calls work(text) and hands back the string it returns. Needs pool.free > 0.
---@param job any
---@param text any
function class25:start(job, text) end

---A progress bar that listens to Ctrl-C.
---@class mf.process.task
local class26 = {}

---Writes text on stderr, in place of the bar.
---@param text any
function class26:say(text) end

---Redraws the bar if it is time to; raises "interrupted" after Ctrl-C.
---@param done any
function class26:tick(done) end

mf.process = {}

---Makes this process one that runs points: one thread, no progress bar, no input.
function mf.process.become_worker() end

---The file that holds the native code.
function mf.process.binary() end

---Checksum of the native code.
function mf.process.code() end

---In a finalizer: whether the program has come to its end without an error; nil in another program than ours, which does not say.
function mf.process.ended() end

---64-bit checksum of a string, or of an array's numbers, as 16 hexadecimal digits.
---@param text any
function mf.process.hash(text) end

---The folder of the file that holds the native code.
function mf.process.home() end

---A pool of forked workers for the function work(text) -> text.
---@param workers any
---@param work any
---@return mf.process.pool
function mf.process.pool(workers, work) end

---Rank of this process under mpirun, 0 otherwise. Only rank 0 prints and writes files.
function mf.process.rank() end

---A progress bar from 0 to goal for a loop written in Lua.
---@param goal any
---@return mf.process.task
function mf.process.task(goal) end

---What the terminal on stdout can show: {sixel=, columns=, rows=, width=, height=}, the last two in pixels; nil where stdout is none.
function mf.process.terminal() end

mf.results = {}

---@class mf.results.list.options
---@field name? string a string: only runs of this experiment
---@field where? table a table { option = value } or a function of the table of options: only runs whose options have these values, or of whose options the function is true
---@field folder? string a string, default "results": where to look, with all folders below

---Earlier runs of experiments, by the order of their folders: a list of what mf.results.load gives. Printed it is a table. Files that cannot be read are named on stderr.
---@param options? mf.results.list.options
function mf.results.list(options) end

---The results in a folder: { id, name, options, columns = { name = array }, rows, checks = { { name, value, op, bound, passed }, ... }, passed, quick, time, revision, script, figures (for mf.plot.from), base (path of its files without extension) }. Nil and a message if there are none.
---@param id any
function mf.results.load(id) end

---A list of runs as a table of text.
---@param list any
function mf.results.text(list) end

---From here on, reading a global that does not exist is an error that names the nearest one, and so is making a new global inside a function. mf.strict(false) ends it. Names that begin with _ are free.
---@param on any
function mf.strict(on) end

---A table of text that has been read.
---@class mf.table file
local class27 = {}

---Number of threads of native loops, after setting it to n if given. Results do not depend on it.
---@param n any
function mf.threads(n) end

---What results were made with: { meanfield =, Lua =, GSL =, OpenBLAS = (with its kernels), HDF5 =, isa =, CPU = }.
function mf.versions() end

return mf
