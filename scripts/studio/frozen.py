"""`dataclass`, `field`, `replace` and `asdict` as the standard library has them, as far as this package uses
them, without what they cost when a command begins.

The standard decorator writes and compiles six functions for each class, and imports `inspect`: with some
sixty classes that takes longer than everything else that `list` does. Here the functions are the same for
all classes, and nothing is compiled. `dataclasses.fields`, `replace` and `asdict` take these classes, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["asdict", "dataclass", "field", "replace"]

if TYPE_CHECKING:
    from dataclasses import asdict, dataclass, field, replace
else:
    MISSING = object()

    class _Field:
        """What a class says of one of its fields."""

        def __init__(self, default, default_factory, repr, compare):
            self.default, self.default_factory = default, default_factory
            self.repr, self.compare = repr, compare

        def standard(self):
            """The same, as `dataclasses` has it."""
            import dataclasses

            given = {"default": self.default, "default_factory": self.default_factory}
            known = {name: value for name, value in given.items() if value is not MISSING}
            return dataclasses.field(repr=self.repr, compare=self.compare, **known)

    def field(*, default=MISSING, default_factory=MISSING, repr=True, compare=True):
        return _Field(default, default_factory, repr, compare)

    class _Standard:
        """What the functions of `dataclasses` look for in a class; made when one of them is called."""

        def __init__(self, fields):
            self._fields = fields

        def __get__(self, one, kind):
            import dataclasses

            body = {name: made.standard() for name, made in self._fields.items()}
            twin = type(kind.__name__, (), {**body, "__annotations__": dict(kind.__annotations__)})
            kind.__dataclass_fields__ = dataclasses.dataclass(twin).__dataclass_fields__
            return kind.__dataclass_fields__

    def dataclass(cls=None, /, *, frozen=False):
        return _made(cls, frozen) if cls is not None else lambda made: _made(made, frozen)

    def _made(cls, frozen):
        said = cls.__dict__
        fields = {name: _as_field(said.get(name, MISSING)) for name in cls.__annotations__}
        for name, made in fields.items():
            if made.default is not MISSING:
                setattr(cls, name, made.default)
            elif name in said:
                delattr(cls, name)
        cls.__match_args__ = tuple(fields)
        cls.__dataclass_fields__ = _Standard(fields)
        cls.__init__ = _init(fields, said.get("__post_init__"))
        shown = tuple(name for name, made in fields.items() if made.repr)
        compared = tuple(name for name, made in fields.items() if made.compare)

        def same(self, other):
            if other.__class__ is not self.__class__:
                return NotImplemented
            mine, others = self.__dict__, other.__dict__
            return all(mine[name] == others[name] for name in compared)

        def hashed(self):
            return hash(tuple(self.__dict__[name] for name in compared))

        def written(self):
            values = ", ".join(f"{name}={self.__dict__[name]!r}" for name in shown)
            return f"{type(self).__qualname__}({values})"

        cls.__eq__ = same
        cls.__hash__ = (
            (lambda self: hash(tuple(self.__dict__[name] for name in compared))) if frozen else None
        )
        if "__repr__" not in said:
            cls.__repr__ = written
        if frozen:
            cls.__setattr__ = cls.__delattr__ = _refused
        return cls

    def _as_field(said):
        return said if isinstance(said, _Field) else _Field(said, MISSING, True, True)

    def _init(fields, then):
        names, known = tuple(fields), fields.keys()
        defaults = {name: made.default for name, made in fields.items() if made.default is not MISSING}
        factories = {
            name: made.default_factory for name, made in fields.items() if made.default_factory is not MISSING
        }

        def init(self, *values, **named):
            held = {**defaults, **dict(zip(names, values)), **named}  # noqa: B905 - fewer may be given
            for name, make in factories.items():
                if name not in held:
                    held[name] = make()
            twice = named.keys() & set(names[: len(values)])
            if held.keys() != known or len(values) > len(names) or twice:
                raise TypeError(f"{type(self).__name__} takes {', '.join(names)}, not {', '.join(held)}")
            self.__dict__.update(held)
            if then:
                then(self)

        return init

    def _refused(self, name, value=None):
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"{type(self).__name__} is frozen: {name} stays as it is")

    def replace(one, /, **changes):
        return type(one)(**{name: getattr(one, name) for name in one.__match_args__} | changes)

    def asdict(one):
        return {name: _plain(getattr(one, name)) for name in one.__match_args__}

    def _plain(value):
        if isinstance(value, list | tuple):
            return type(value)(map(_plain, value))
        if isinstance(value, dict):
            return {name: _plain(held) for name, held in value.items()}
        return asdict(value) if "__dataclass_fields__" in type(value).__dict__ else value
