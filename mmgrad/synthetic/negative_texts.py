"""Texts that ask for no change of any picture: everyday sentences, and words that are none."""

import numpy as np

SENTENCES = (
    "how are you today",
    "see you tomorrow",
    "that was a long week",
    "the train is late again",
    "who wrote this",
    "we agreed on the terms of the contract",
    "honesty is the best policy",
    "call me back when you can",
    "the results were better than last year",
    "can you keep a secret",
    "nobody knows what comes next",
    "this sentence says nothing",
    "prices rose faster than wages",
    "best regards",
    "happy birthday",
    "let us talk about it later",
    "what is your opinion",
    "history repeats itself",
    "the password must have eight characters",
    "I have no idea",
    "practice makes perfect",
    "the theory was proved in the last century",
    "seven times eight is fifty six",
    "please find the minutes attached",
    "her argument was not convincing",
    "to be or not to be",
    "the weather forecast was wrong",
    "test",
    "hello",
    "sorry for the delay",
    "an early start is half the work",
    "the parliament voted on the budget",
    "which language do you speak",
    "my favourite subject was mathematics",
    "as far as I remember",
    "time is money",
    "we should have left an hour ago",
    "freedom of speech",
    "in my experience it never works",
    "the lecture begins at nine",
    "ok",
    "whatever you like",
    "it is what it is",
    "the inflation rate is falling",
    "a matter of taste",
    "he promised to be on time",
    "loading",
    "first come first served",
)
_ONSETS = "b bl ch d dr f fl g gr h j k kr l m n p pr qu r s sk sn st t tr v w y z zw"
_CORES = "a e i o u oo ee ai ou"
_ENDS = "b ck d g l lm m mp n nk p r sh st t x zz"
_KEYS = "abcdefghijklmnopqrstuvwxyz"


def unrelated(rng: np.random.Generator) -> str:
    """A sentence about no picture, made-up words, made-up words in the form of a request, or keys pressed at random."""
    kind = rng.random()
    if kind < 0.45:
        text = SENTENCES[int(rng.integers(len(SENTENCES)))]
    elif kind < 0.7:
        text = " ".join(_made_up(rng) for _ in range(int(rng.integers(1, 6))))
    elif kind < 0.85:
        text = f"{_made_up(rng)} the {_made_up(rng)} {('with a', 'to the', 'on the', 'for the')[int(rng.integers(4))]} "
        text += _made_up(rng)
    else:
        words = (rng.integers(len(_KEYS), size=int(rng.integers(2, 9))) for _ in range(int(rng.integers(1, 5))))
        text = " ".join("".join(_KEYS[int(key)] for key in word) for word in words)
    return text.capitalize() if rng.random() < 0.4 else text


def _made_up(rng: np.random.Generator) -> str:
    def one(parts: str) -> str:
        return parts.split()[int(rng.integers(parts.count(" ") + 1))]

    syllables = int(rng.integers(1, 4))
    return "".join(one(_ONSETS) + one(_CORES) + (one(_ENDS) if rng.random() < 0.9 else "") for _ in range(syllables))
