"""What every class of options is: frozen, strict about names, with the ranges that many fields share."""

from pydantic import BaseModel, ConfigDict, Field

Share = Field(ge=0.0, le=1.0)
Positive = Field(gt=0)


class Options(BaseModel):
    """Frozen, and strict about names: an unknown parameter is an error that names it."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())
