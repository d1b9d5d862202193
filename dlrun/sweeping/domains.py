"""The values of one searched key in YAML: a list, or a mapping with a distribution's word.

    [relu, tanh]                           a list is a choice
    {choice: [32, full], if: {…}}          the same, with a condition
    {range: [16, 128, 16]}                 low, high, step; both ends included
    {uniform: [0, 0.95]}                   any number; with step: s, multiples of s from low
    {log_uniform: [0.0001, 1]}             its logarithm evenly distributed

The normal form is a list where a choice has no condition, and else such a mapping.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dlrun.config import words
from dlrun.config.checks import Number
from dlrun.config.parse import all_keys
from dlrun.config.reading import At, Reader
from dlrun.config.schema import Config
from dlrun.errors import did_you_mean, nearest_name
from dlrun.sweeping.space import Choice, Domain, Parameter, Range, Uniform, identity

DISTRIBUTIONS = ("choice", "range", "uniform", "log_uniform")
_WORDS = (*DISTRIBUTIONS, "step", "if")
_EXAMPLES = {
    "range": "[low, high] or [low, high, step], such as [1, 4]",
    "uniform": "[low, high], such as [0, 0.9]",
    "log_uniform": "[low, high], such as [0.0001, 1]",
}
_DOCS = {
    "choice": "the values to try",
    "range": "numbers evenly spaced: low, high, step (1 where left out); both ends included",
    "uniform": "any number between two; with step, multiples of it from the low one",
    "log_uniform": "numbers above 0, their logarithm evenly distributed; step as of uniform",
}


def looks_like_domain(value: Any) -> bool:
    """Returns whether a value of the command line is meant as a distribution: {range: [1, 4]}."""
    return isinstance(value, dict) and any(
        word in DISTRIBUTIONS
        or (isinstance(item, list) and nearest_name(str(word), DISTRIBUTIONS) is not None)
        for word, item in value.items()
    )


def read_domain(key: str, value: Any, at: At, reader: Reader) -> Any:
    """Returns the normal form of a searched key's values; notes what is wrong with them.

    Of a condition only the form is checked: it depends on the other keys.
    """
    if isinstance(value, list | tuple):
        return _read_choice(list(value), at, at, reader)
    if not isinstance(value, dict):
        reader.problem(at, _single(value))
        return value
    named = [word for word in value if word in DISTRIBUTIONS]
    if len(named) != 1 or any(word not in _WORDS for word in value):
        reader.problem(at, _wrong_words(key, value, named))
        return value
    word = named[0]
    for other in value:
        reader.visit(at.child(other))
    result = {word: _read_values(word, value, at, reader)}
    if "step" in value:
        result["step"] = value["step"]
    condition = _read_condition(value.get("if"), at.child("if"), reader)
    if condition:
        return {**result, "if": condition}
    return result[word] if word == "choice" else result


def domain_schema() -> dict[str, Any]:
    """Returns the JSON Schema of a searched key's values."""
    choice = {"type": "array", "minItems": 1, "uniqueItems": True}
    ends = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
    step = {"type": "number", "exclusiveMinimum": 0}
    condition = {
        "description": "searched keys with the values, one or a list, at which this one counts",
        "type": ["object", "null"],
    }
    number = {"type": "number"}
    values = {
        "choice": choice,
        "range": {**ends, "items": [number, number, step], "maxItems": 3},
        "uniform": ends,
        "log_uniform": {**ends, "items": {"type": "number", "exclusiveMinimum": 0}},
    }
    forms = []
    for word in DISTRIBUTIONS:
        steps = {"step": {"anyOf": [step, {"type": "null"}]}} if "uniform" in word else {}
        described = {"description": _DOCS[word], **values[word]}
        forms.append(
            {
                "type": "object",
                "properties": {word: described, **steps, "if": condition},
                "required": [word],
                "additionalProperties": False,
            }
        )
    return {"anyOf": [{"description": _DOCS["choice"], **choice}, *forms]}


def build_parameter(key: str, normal: Any) -> Parameter:
    """Makes the parameter of a key from its normal form."""
    form = normal if isinstance(normal, dict) else {"choice": normal}
    condition = {other: tuple(values) for other, values in form.get("if", {}).items()}
    return Parameter(key, _build_domain(form), condition)


def plain_parameter(parameter: Parameter) -> Any:
    """Returns a parameter's normal form: the way back from `build_parameter`."""
    domain = parameter.domain
    form: dict[str, Any]
    if isinstance(domain, Choice):
        form = {"choice": list(domain.values)}
    elif isinstance(domain, Range):
        form = {"range": [domain.low, domain.high, domain.step]}
    else:
        form = {"log_uniform" if domain.log else "uniform": [domain.low, domain.high]}
        if domain.step is not None:
            form["step"] = domain.step
    if parameter.condition:
        return {**form, "if": {key: list(values) for key, values in parameter.condition.items()}}
    return form.get("choice", form)


def _build_domain(form: Mapping[str, Any]) -> Domain:
    if "choice" in form:
        return Choice(tuple(form["choice"]))
    if "range" in form:
        return Range(*form["range"])
    word = "uniform" if "uniform" in form else "log_uniform"
    low, high = form[word]
    return Uniform(low, high, log=word == "log_uniform", step=form.get("step"))


def _read_values(word: str, value: Mapping[str, Any], at: At, reader: Reader) -> Any:
    given, spot = value[word], at.child(word)
    if "step" in value and word in ("choice", "range"):
        hint = "a range's step is its third number" if word == "range" else "leave it out"
        reader.problem(at.child("step"), f"step belongs to uniform and log_uniform; {hint}")
    if word == "choice":
        if not isinstance(given, list | tuple):
            reader.problem(spot, words.wrong_value("a list of values, such as [1, 2]", given))
            return given
        return _read_choice(list(given), at, spot, reader)
    numbers = list(given) if isinstance(given, list | tuple) else None
    if numbers is None or len(numbers) not in ((2, 3) if word == "range" else (2,)):
        reader.problem(spot, words.wrong_value(_EXAMPLES[word], given))
        return given
    in_list = word == "range"
    step = numbers[2] if len(numbers) > 2 else value.get("step", 1 if in_list else None)
    step_at = spot.child(2) if len(numbers) > 2 else spot if in_list else at.child("step")
    if _are_numbers([*numbers[:2]], spot, reader) and _are_bounds(word, numbers, spot, reader):
        _check_step(numbers, step, step_at, reader)
    return [*numbers[:2], step] if in_list else numbers


def _read_choice(values: list[Any], at: At, given_at: At, reader: Reader) -> list[Any]:
    """Reads a choice's list at `given_at`; the values' keys are those of a bare list."""
    if not values:
        reader.problem(given_at, "an empty list; give it the values to try")
    for index in range(len(values)):
        reader.visit(At((*at.key, index), (*given_at.raw, index)))
    return values


def _are_numbers(numbers: list[Any], at: At, reader: Reader) -> bool:
    right = True
    for index, number in enumerate(numbers):
        if not Number().accepts(number):
            reader.visit(at.child(index))
            reader.problem(at.child(index), words.wrong_value("a number", number))
            right = False
    return right


def _are_bounds(word: str, numbers: list[Any], at: At, reader: Reader) -> bool:
    low, high = numbers[:2]
    if low >= high:
        mend = f"write [{high}, {low}]" if low > high else "write the one value in the base"
        reader.problem(at, f"low must be below high, received {numbers}; {mend}")
    elif word == "log_uniform" and low <= 0:
        message = f"log_uniform needs a low above 0, received {low}"
        reader.problem(at.child(0), f"{message}; write a small number such as 1e-5, or uniform")
    else:
        return True
    return False


def _check_step(numbers: list[Any], step: Any, at: At, reader: Reader) -> None:
    span = numbers[1] - numbers[0]
    if (step is None and len(numbers) == 2) or (Number().accepts(step) and 0 < step <= span):
        return
    reader.visit(at)
    if len(numbers) == 2 and step == 1 and isinstance(at.key[-1], str) and at.key[-1] == "range":
        message = f"steps of 1 do not fit between {numbers[0]} and {numbers[1]}; give a step"
        reader.problem(at, f"{message}, such as [{numbers[0]}, {numbers[1]}, {span / 4:.3g}]")
        return
    wanted = f"a number above 0 and at most high - low = {span:.6g}"
    reader.problem(at, f"the step {words.wrong_value(wanted, step)}")


def _read_condition(value: Any, at: At, reader: Reader) -> Any:
    if value is None:
        return {}
    if not isinstance(value, dict):
        wanted = "searched keys with the values at which this one counts"
        reader.problem(at, words.wrong_value(f"{wanted}, such as {{optimizer: sgd}}", value))
        return {}
    for key in value:
        reader.visit(at.child(key))
    return {str(key): item for key, item in value.items()}


def _single(value: Any) -> str:
    shown = words.shown(value)
    return f"a single value, {shown}; write it in the base, or as a list, [{_typed(value)}]"


def _typed(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_typed(item)}" for key, item in value.items()) + "}"
    return value if isinstance(value, str) else identity(value)


def _wrong_words(key: str, value: Mapping[str, Any], named: list[str]) -> str:
    """Says what is wrong with a mapping that is not one distribution with its own words."""
    if len(named) > 1:
        return f"must have one distribution, received {' and '.join(named)}; keep one of them"
    unknown = [str(word) for word in value if word not in _WORDS]
    if named:
        hint = did_you_mean(unknown[0], ("step", "if"))
        return f"unknown word {unknown[0]!r} beside {named[0]}{hint or '; there are step and if'}"
    there = "; there are choice, range, uniform and log_uniform"
    if not unknown:
        return f"has no distribution, received {words.shown(value)}{there}"
    dotted = next(_lists_in(value, (key,)), None)
    is_key = any(f"{key}.{word}" in all_keys(Config) for word in unknown)
    hint = did_you_mean(unknown[0], DISTRIBUTIONS)
    if hint and not is_key:
        return f"unknown distribution {unknown[0]!r}{hint}"
    if dotted is None:
        return _single(value)
    where, item = dotted
    return f"unknown distribution {unknown[0]!r}{there}; a key within it is written {where}: {item}"


def _lists_in(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yields the dotted key of each list below a mapping; components' names are no part of it."""
    for word, item in value.items() if isinstance(value, dict) else ():
        here = path if str(word)[:1].isupper() else (*path, str(word))
        if isinstance(item, list) or looks_like_domain(item):
            yield ".".join(here), words.shown(item).replace("'", "")
        yield from _lists_in(item, here)
