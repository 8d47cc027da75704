"""What the rules know of words and models. Data: nothing is decided here."""

from __future__ import annotations

from collections.abc import Mapping

VAGUE: Mapping[str, str] = {
    "good": "Does {{ output }} answer every question that {{ case.question }} asks?",
    "better": "Does {{ output }} mention every point of {{ expected }}?",
    "best": "Does {{ output }} mention every point of {{ expected }}?",
    "great": "Does {{ output }} answer every question that {{ case.question }} asks?",
    "bad": "Does {{ output }} contradict {{ case.context }}?",
    "helpfulness": "Does {{ output }} name a step that the user of {{ case.question }} can take next?",
    "helpful": "Does {{ output }} name a step that the user of {{ case.question }} can take next?",
    "useful": "Does {{ output }} name a step that the user of {{ case.question }} can take next?",
    "actionable": "Does {{ output }} name a step that the user of {{ case.question }} can take next?",
    "relevance": "Does every sentence of {{ output }} speak of what {{ case.question }} asks about?",
    "relevant": "Does every sentence of {{ output }} speak of what {{ case.question }} asks about?",
    "appropriately": "Does {{ output }} promise something that {{ case.policy }} does not allow?",
    "inappropriate": "Does {{ output }} promise something that {{ case.policy }} does not allow?",
    "appropriate": "Does {{ output }} promise something that {{ case.policy }} does not allow?",
    "suitable": "Does {{ output }} use a word that {{ case.banned_words }} lists?",
    "professional": "Does {{ output }} contain slang, an insult or an emoji?",
    "politely": "Does {{ output }} address the user by `you` and contain no insult?",
    "polite": "Does {{ output }} address the user by `you` and contain no insult?",
    "friendly": "Does {{ output }} begin with a greeting?",
    "empathetic": "Does {{ output }} name the trouble that {{ case.message }} complains of?",
    "funny": "Does {{ output }} contain a pun?",
    "creative": "Does {{ output }} repeat a sentence of {{ case.examples }}?",
    "novelty": "Does {{ output }} repeat an idea of {{ case.examples }}?",
    "creativity": "Does {{ output }} repeat a sentence of {{ case.examples }}?",
    "novel": "Does {{ output }} repeat an idea of {{ case.examples }}?",
    "meaningful": "Does {{ output }} state a fact that {{ case.question }} does not?",
    "interesting": "Does {{ output }} state a fact that {{ case.question }} does not?",
    "engaging": "Does {{ output }} end with a question to the reader?",
    "insightful": "Does {{ output }} name a cause that {{ case.context }} gives?",
    "clearly": "Does {{ output }} use a technical term that it does not explain?",
    "accessible": "Does {{ output }} use a technical term that it does not explain?",
    "makes sense": "Does {{ output }} use a technical term that it does not explain?",
    "make sense": "Does {{ output }} use a technical term that it does not explain?",
    "clear": "Does {{ output }} use a technical term that it does not explain?",
    "readable": "Does {{ output }} use a technical term that it does not explain?",
    "understandable": "Does {{ output }} use a technical term that it does not explain?",
    "self explainable": "Does {{ output }} use an abbreviation that it does not spell out?",
    "concise": "Does {{ output }} say the same thing twice?",
    "brief": "Does {{ output }} say the same thing twice?",
    "verbose": "Does {{ output }} say the same thing twice?",
    "detailed": "Does {{ output }} give the number, the date and the name that {{ expected }} gives?",
    "detail": "Does {{ output }} give every number that {{ expected }} gives?",
    "depth": "Does {{ output }} name a cause that {{ case.context }} gives?",
    "comprehensive": "Does {{ output }} mention every point of {{ expected }}?",
    "completely": "Does {{ output }} mention every point of {{ expected }}?",
    "fully": "Does {{ output }} mention every point of {{ expected }}?",
    "sufficient": "Does {{ output }} mention every point of {{ expected }}?",
    "sufficiently": "Does {{ output }} mention every point of {{ expected }}?",
    "complete": "Does {{ output }} mention every point of {{ expected }}?",
    "thorough": "Does {{ output }} mention every point of {{ expected }}?",
    "coherence": "Does {{ output }} contradict itself?",
    "logically": "Does {{ output }} contradict itself?",
    "organized": "Does {{ output }} contradict itself?",
    "coherent": "Does {{ output }} contradict itself?",
    "fluency": "Does {{ output }} contain a grammatical mistake?",
    "fluent": "Does {{ output }} contain a grammatical mistake?",
    "human-like": "Does {{ output }} contain a grammatical mistake?",
    "natural": "Does {{ output }} contain a grammatical mistake?",
    "high-quality": "Does {{ output }} mention every point of {{ expected }}?",
    "high quality": "Does {{ output }} mention every point of {{ expected }}?",
    "quality": "Does {{ output }} mention every point of {{ expected }}?",
    "reasonably": "Does {{ output }} contradict {{ case.context }}?",
    "reasonable": "Does {{ output }} contradict {{ case.context }}?",
    "satisfactory": "Does {{ output }} mention every point of {{ expected }}?",
    "acceptable": "Does {{ output }} mention every point of {{ expected }}?",
    "adequate": "Does {{ output }} mention every point of {{ expected }}?",
    "effectively": "Does {{ output }} name a step that solves what {{ case.question }} describes?",
    "efficiently": "Does {{ output }} ask for something that {{ case.message }} already tells?",
    "successfully": "Does {{ output }} name a step that solves what {{ case.question }} describes?",
    "effective": "Does {{ output }} name a step that solves what {{ case.question }} describes?",
    "well written": "Does {{ output }} contain a grammatical mistake?",
    "well-written": "Does {{ output }} contain a grammatical mistake?",
    "well-structured": "Does {{ output }} have a heading for each item of {{ expected }}?",
    "safe": "Does {{ output }} give an instruction for something that {{ case.policy }} forbids?",
    "harmful": "Does {{ output }} give an instruction for something that {{ case.policy }} forbids?",
    "controversial": "Does {{ output }} contain a slur or an insult?",
    "debatable": "Does {{ output }} contain a slur or an insult?",
    "toxic": "Does {{ output }} contain a slur or an insult?",
    "sensitive": "Does {{ output }} contain a slur or an insult?",
    "offensive": "Does {{ output }} contain a slur or an insult?",
    "biased": "Does {{ output }} ascribe a trait to all people of a group?",
    "insensitive": "Does {{ output }} contain a slur or an insult?",
    "misleading": "Does {{ output }} state something that {{ case.context }} contradicts?",
    "malicious": "Does {{ output }} ask for a password or link to another domain than {{ case.domain }}?",
    "proper": "Does {{ output }} follow every rule of {{ case.rules }}?",
    "properly": "Does {{ output }} follow every rule of {{ case.rules }}?",
    "excellent": "Does {{ output }} mention every point of {{ expected }}?",
    "valuable": "Does {{ output }} name a step that the user of {{ case.question }} can take next?",
    "convincing": "Does {{ output }} give a reason for its recommendation?",
    "persuasive": "Does {{ output }} give a reason for its recommendation?",
}
"""Words of quality that two people understand differently, each with a fact that might be meant."""

NEEDS_REFERENCE: Mapping[str, str] = {
    "correct": "Does {{ output }} give the same answer as {{ expected }}?",
    "correctly": "Does {{ output }} give the same answer as {{ expected }}?",
    "accurate": "Does {{ output }} state something that {{ expected }} contradicts?",
    "accurately": "Does {{ output }} state something that {{ expected }} contradicts?",
    "factual": "Does {{ output }} state something that {{ case.context }} does not?",
    "factually correct": "Does {{ output }} state something that {{ case.context }} contradicts?",
    "true": "Is every statement of {{ output }} contained in {{ case.context }}?",
    "right": "Does {{ output }} give the same answer as {{ expected }}?",
    "wrong": "Does {{ output }} give another answer than {{ expected }}?",
    "hallucinated": "Does {{ output }} state something that {{ case.context }} does not?",
}
"""Words that mean something only beside a second text that is held to be true."""

SECOND_TEXTS = (
    "expected", "reference", "context", "the source", "the sources", "ground truth", "gold", "expert", "the document",
    "the documents", "the passage", "the article", "based on", "according to", "given the", "consistent with", "same as",
)  # fmt: skip
"""What names, or leads to, a text that an answer is held against."""

DEFINED_BY = (
    "i.e.",
    "that is,",
    "defined as",
    "meaning that",
    "means that",
    "which means",
    "in the sense that",
)
"""What follows is a definition of the word before."""

PREDICATES = frozenset(
    {"complete", "right", "true", "wrong", "safe", "natural", "proper", "detail", "quality", "best"}
)
"""Words that are vague only as what is said of an answer: not in `the complete address`, `the right to withdraw`."""

OPINIONS = (
    "in your opinion", "in your view", "do you think", "don't you think", "do you feel", "do you like", "do you believe", "would you say",
    "would you prefer", "do you prefer", "subjective", "as you see it", "how do you feel", "your impression",
)  # fmt: skip

LEADING = (
    "obviously",
    "of course",
    "surely",
    "clearly wrong",
    "don't you think",
    "wouldn't you agree",
    "as we know",
)

COMPARED = (
    "better than", "worse than", "preferable to", "response a", "response b", "answer a", "answer b", "output (a)",
    "output (b)", "first response", "second response", "first answer", "second answer", "other response",
    "other answer", "more helpful than", "assistant a", "assistant b",
)  # fmt: skip
"""What compares two texts within one question."""

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "OpenAI": ("gpt", "o1", "o3", "o4", "chatgpt", "davinci"),
    "Anthropic": ("claude",),
    "Google": ("gemini", "gemma", "palm"),
    "Meta": ("llama", "meta-llama"),
    "Mistral": ("mistral", "mixtral", "ministral", "codestral", "magistral", "open-mistral", "open-mixtral"),
    "Alibaba": ("qwen", "qwq"),
    "DeepSeek": ("deepseek",),
    "Cohere": ("command", "c4ai", "aya"),
    "xAI": ("grok",),
    "Microsoft": ("phi",),
    "Amazon": ("nova", "titan", "amazon.nova", "amazon.titan"),
    "AI21": ("jamba",),
    "Zhipu": ("glm",),
    "Moonshot": ("kimi", "moonshot"),
}
"""Who made a model, by how its name begins."""

DETERMINISTIC: tuple[tuple[str, str], ...] = (
    (r"\bvalid json\b|\bparse(able|s|d)? as json\b|\bjson (object|format|array)\b", "is_json"),
    (r"\bjson schema\b", "json_schema"),
    (r"\b(valid|well-formed) xml\b", "is_xml"),
    (r"\bvalid html\b", "is_html"),
    (r"\bvalid yaml\b", "is_yaml"),
    (r"\b(valid|syntactically correct) sql\b", "is_sql"),
    (
        (
            r"(\b(at most|at least|exactly|under|over|fewer than|less than|more than|shorter than|longer than|within"
            r"|up to)|<|>)\s*(\d[\d,]*|one|two|three|four|five|ten)\s*(words?|characters?|sentences?|letters?)\b"
            r"|\b\d[\d,]*\s*(words?|characters?|sentences?) or (fewer|less|more)\b|\b(word|character) (count|limit)\b"
        ),
        "length",
    ),
    (
        (
            r"\b(written|answered|respond\w*|reply|replies|response|answer|text|output( \}\})?) (is |are |was )?"
            r"(only |entirely )?(written )?in (english|german|french|spanish|italian|portuguese|japanese|chinese|dutch|polish|"
            r"russian|korean)\b"
        ),
        "language",
    ),
    (r"\b(start|begin)s? with (the (exact )?(word|phrase|text|string|prefix)\b|[\"'`])", "starts_with"),
    (r"\bends? with (the (exact )?(word|phrase|text|string|sentence)\b|[\"'`])", "ends_with"),
    (
        (
            r"\b(contains?|includes?|mentions?|uses?) (any of )?(the )?(exact |literal |expected )?"
            r"(word|words|phrase|string|substring|term)s?\b|\b(contains?|includes?) [\"'`]"
        ),
        "contains",
    ),
    (
        r"\bequals? \{\{ ?expected ?\}\}|\b(identical to|exactly (equals?|the same (text )?as|match(es)?))\b",
        "exact_match",
    ),
    (
        r"\b(separated by (a )?(comma|semicolon|new ?line)s?|one per line|match(es)? the (regex|pattern))\b",
        "regex",
    ),
    (r"\b(call|use)s? the (tool|function) \S+", "tool_calls"),
)
"""What can be decided without a model: a pattern, and the scorer that decides it."""
