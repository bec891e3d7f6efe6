-- What the columns of experiments are, where their names say so: label and the paper's equation, for the attributes
-- of the data. All quantities of the paper are pure numbers. `about` of mf.experiment says it of others.

local function q(label, equation) return { label = label, equation = equation } end

return {
  t = q("time t = k eps", "Eq. 3"), k = q("steps of SGD", "Eq. 3"), eps = q("step size epsilon", "Eq. 3"),
  alpha = q "step size times dimension, eps d",
  d = q "dimension of an example", N = q("number of neurons", "Eq. 1"), delta = q "Delta, the distance of the classes",
  kappa = q "standard deviation kappa of the initial weights, times sqrt(d)", seed = q "seed",
  R_N = q("population risk of N neurons", "Eq. 4"), R_sgd = q("population risk of SGD's network", "Eq. 4"),
  R_error = q "standard error of R_sgd", R = q("risk R(rho) of a law of neurons", "Eq. 5"),
  R_pde = q("risk along the distributional dynamics", "Eq. 7"), R_eq7 = q("risk along Eq. 7", "Eq. 7"),
  R_eff = q "risk along the effective dynamics at SGD's step", W1 = q("Wasserstein distance W_1", "Eq. 9"),
  W2 = q("Wasserstein distance W_2", "Eq. 9"), tau = q("step tau of the minimisations", "Eq. 10"),
  beta = q("inverse temperature", "Eq. 11"), lambda = q("regularisation", "Eq. 11"),
  F = q("free energy", "Eqs. 21 to 24"), dissipation = q("rate at which the free energy falls", "Eq. 24"),
  low = q "lower end of an interval", high = q "upper end of an interval", bound = q "bound of theory",
  error = q "standard error, or bound of the numerical error",
}
