"""What a trace that the student did not write counts in the loss: mixed-policy GRPO with policy shaping.

Where all samples of a prompt fail, their advantages are 0 or tell near misses apart; a verified trace in the group
gives it a right answer. Mixed-policy GRPO (LUFFY, Yan et al. 2025, arXiv:2504.14945) computes the advantages over the
union of the student's samples and the trace, and corrects for who wrote a token,

    J = 1/Z [ sum_{i in on} sum_t clip(r_it) A_i  +  sum_{j in off} sum_t f(pi_theta(y_jt) / pi_phi(y_jt)) A_j ],

with r the ratio to the policy that sampled, and f(x) = x / (x + gamma) instead of a clip: without f the gradient of an
off-policy token is weighed by its own probability, so that what the student would never write is never learned. The
trace is what a program, or a teacher that is asked once, writes for the prompt: pi_phi = 1. The gradient of a token is

    f'(pi) grad pi A  =  gamma pi / (pi + gamma)^2  A  grad log pi,

and trl's loss has the gradient A_t grad log pi where its ratio is 1 (completions used once, `num_iterations: 1`), so
the correction is an advantage by token, `weights` below, and the loss stays trl's. The weight is at most 1/4 (at
pi = gamma) and falls to 0 where the student is sure of the token already.
"""

from torch import Tensor

#: Of the shaping function; a token of this probability is learned the most. LUFFY's value.
GAMMA = 0.1


def shape(probabilities: Tensor) -> Tensor:
    """Return f(pi) = pi / (pi + gamma), what an off-policy token adds to the objective for each point of advantage."""
    return probabilities / (probabilities + GAMMA)


def weights(logps: Tensor) -> Tensor:
    """Return by how much the advantage of an off-policy token is to be multiplied: gamma pi / (pi + gamma)^2.

    Args:
        logps: Log-probability of each token under the student that is updated, without a gradient.
    """
    probabilities = logps.exp()
    return GAMMA * probabilities / (probabilities + GAMMA) ** 2
