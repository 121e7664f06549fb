"""The settings: one frozen object, read once from arguments, environment, file and defaults."""

import re
import tomllib
from pathlib import Path
from typing import Any, Literal, Self, get_args

from platformdirs import user_cache_path, user_data_path
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from bot.errors import SettingsError
from bot.rules import Rules
from bot.sharing import ComputeSettings, PlanSettings, QueueSettings, RoleSettings, distinct

FILE = Path("atelier.toml")


class ChatModel(BaseModel):
    """Which chat model understands requests."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    model: Literal["rules", "local", "server"] = Field(
        default="rules",
        description="rules: built in; local: a text model of the catalogue; "
        "server: an OpenAI-compatible server",
    )
    url: str = Field(default="", description="address of the server, ending in /v1")
    name: str = Field(
        default="",
        description="the model's name on the server; with local: in the catalogue (empty: the "
        "profile's)",
    )
    key: SecretStr = Field(default=SecretStr(""), description="key of the server, if it wants one")
    tokens: int = Field(default=4096, ge=16, description="most tokens of a server's answer")


class Cluster(BaseModel):
    """The Ray cluster that computes, if one does."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    address: str = Field(
        default="", description="auto, or host:port of the head; empty: a Ray of our own"
    )


class ModelServer(BaseModel):
    """An OpenAI-compatible server that runs models of the catalogue."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    url: str = Field(description="its address, ending in /v1")
    key: SecretStr = Field(default=SecretStr(""), description="its key, if it wants one")
    at_once: int = Field(default=4, ge=1, le=64, description="requests it is sent at once")

    @field_validator("url")
    @classmethod
    def _web(cls, url: str) -> str:
        if not url.startswith(("http://", "https://")):
            raise ValueError("it must begin with http:// or https://")
        return url

    @field_validator("key")
    @classmethod
    def _sendable(cls, key: SecretStr) -> SecretStr:
        if not re.fullmatch(r"[!-~]*", key.get_secret_value()):
            raise ValueError("a key has no spaces, and letters and signs of English only")
        return key


class Platform(BaseModel):
    """A chat platform and the token its bot signs in with."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    token: SecretStr = Field(default=SecretStr(""), description="token of the bot")

    @field_validator("token")
    @classmethod
    def _pasted(cls, token: SecretStr) -> SecretStr:
        """Take what often comes with a copied token away from it."""
        bare = token.get_secret_value().strip().strip("\"'").removeprefix("Bot ").strip()
        if not re.fullmatch(r"[!-~]*", bare):
            raise ValueError("a token has no spaces, and letters and signs of English only")
        return SecretStr(bare)


class Discord(Platform):
    """Discord, or a server that speaks its protocol."""

    api_url: str = Field(
        default="https://discord.com/api/v10", description="address of its REST interface"
    )
    gateway_url: str = Field(default="", description="address of its gateway; empty: as it says")
    cdn_url: str = Field(default="https://cdn.discordapp.com", description="address of its files")


class Telegram(Platform):
    """Telegram, or a Bot API server of your own."""

    base_url: str = Field(
        default="https://api.telegram.org/bot", description="address the token is put behind"
    )
    base_file_url: str = Field(
        default="https://api.telegram.org/file/bot", description="the same, for files"
    )
    webhook_url: str = Field(
        default="", description="https address at which Telegram reaches us; empty: we poll"
    )
    webhook_listen: str = Field(
        default="127.0.0.1:8081", description="host:port where what comes there is heard"
    )

    @field_validator("webhook_url")
    @classmethod
    def _reachable(cls, url: str) -> str:
        if url and not re.match(r"https?://[^/\s?#]+(/[^\s?#]*)?$", url):
            raise ValueError("it must be an address that begins with https://")
        return url.rstrip("/")

    @field_validator("webhook_listen")
    @classmethod
    def _place(cls, place: str) -> str:
        host, _, port = place.rpartition(":")
        if not (host and port.isascii() and port.isdigit() and int(port) < 1 << 16):
            raise ValueError("it must be host:port, such as 127.0.0.1:8081")
        return place

    @model_validator(mode="after")
    def _encrypted(self) -> Self:
        own = type(self).model_fields["base_url"].default
        if self.webhook_url.startswith("http:") and self.base_url == own:
            raise ValueError("webhook_url must begin with https://, for Telegram takes no other")
        return self


class Metrics(BaseModel):
    """Where numbers for Prometheus are served."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    port: int = Field(default=0, ge=0, le=65535, description="port of /metrics; 0: not served")
    host: str = Field(default="127.0.0.1", description="address to serve it on")


class Settings(BaseSettings):
    """Everything an operator may set; see deploy/atelier.example.toml."""

    model_config = SettingsConfigDict(
        env_prefix="ATELIER_",
        env_nested_delimiter="__",
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
    )

    data: Path = Field(
        default_factory=lambda: user_data_path("atelier"),
        description="folder for the database, pictures and sounds",
    )
    models: Path = Field(
        default_factory=lambda: user_cache_path("atelier") / "models",
        description="folder for fetched models",
    )
    profile: str = Field(default="starter", description="which models are the defaults")
    catalogue: Path | None = Field(default=None, description="a TOML file with your own models")
    accept: frozenset[str] = Field(
        default=frozenset(), description="models whose special licence you have accepted"
    )
    chat: ChatModel = Field(default_factory=ChatModel, description="the chat model")
    cluster: Cluster = Field(default_factory=Cluster, description="a Ray cluster")
    servers: dict[str, ModelServer] = Field(
        default_factory=dict,
        description="servers that run models, by the catalogue's name for them",
    )
    discord: Discord = Field(default_factory=Discord, description="Discord")
    telegram: Telegram = Field(default_factory=Telegram, description="Telegram")
    roles: dict[str, RoleSettings] = Field(
        default={}, description="who may have how much of the machine"
    )
    rules: Rules = Field(
        default=Rules(), description="who may do what, before servers and channels narrow it"
    )
    queue: QueueSettings = Field(default_factory=QueueSettings, description="how much may wait")
    compute: ComputeSettings = Field(default_factory=ComputeSettings, description="what computes")
    plan: PlanSettings = Field(
        default_factory=PlanSettings, description="what is shown before it is done"
    )
    metrics: Metrics = Field(default_factory=Metrics, description="numbers for Prometheus")
    log: Literal["debug", "info", "warning", "error"] = Field(
        default="warning", description="how much is logged to standard error"
    )

    @property
    def clustered(self) -> bool:
        """Whether a Ray cluster computes, and not this process's own workers."""
        return self.profile == "cluster" or bool(self.cluster.address)

    @field_validator("data", "models", "catalogue")
    @classmethod
    def _home(cls, path: Path | None) -> Path | None:
        try:
            return path and path.expanduser().absolute()
        except RuntimeError as error:
            raise ValueError("there is no such home folder") from error

    @field_validator("roles")
    @classmethod
    def _one_each(cls, roles: dict[str, RoleSettings]) -> dict[str, RoleSettings]:
        distinct(roles)
        return roles

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment, the environment over the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, FILE)


def read(**arguments: Any) -> Settings:
    """Read the settings; arguments that are None count as not given.

    Raises SettingsError with one sentence naming what is wrong and where.
    """
    try:
        settings = Settings(**{k: v for k, v in arguments.items() if v is not None})
    except ValidationError as error:
        raise SettingsError(_sentence(error)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"The settings file {FILE} cannot be read: {_why(error)}.") from error
    except ValueError as error:
        raise SettingsError(
            "A setting in the environment cannot be read: lists and sections are written as JSON "
            """there, such as ATELIER_ACCEPT='["sdxl"]'."""
        ) from error
    if settings.chat.model == "server" and not (settings.chat.url and settings.chat.name):
        raise SettingsError(
            "The chat model is server, but chat.url and chat.name are not both set; set them "
            f"in {FILE}, or ATELIER_CHAT__URL and ATELIER_CHAT__NAME."
        )
    return settings


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    if first["type"] == "extra_forbidden":
        return f"There is no setting {where!r}; there are: {_known(first['loc'][:-1])}."
    reason = _WORDS.get(first["type"], first["msg"].removeprefix("Value error, "))
    simple = isinstance(first["input"], str | int | float | Path)
    given = f", not {str(first['input'])[:80]!r}" if simple and not _secret(where) else ""
    return f"The setting {where} is wrong: {reason[:1].lower()}{reason[1:]}{given}."


_WORDS = {
    "model_type": "it must be a section of its own",
    "frozen_set_type": 'it must be a list, such as ["one", "two"]',
    "path_type": "it must be a path in quotes",
    "string_type": "it must be text in quotes",
    "dict_type": "it must be a section of its own",
}


def _why(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not text in UTF-8"
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _known(section: tuple[int | str, ...]) -> str:
    model: Any = Settings
    for name in section:
        keys_and_values = get_args(model)
        model = keys_and_values[1] if keys_and_values else model.model_fields[str(name)].annotation
    return ", ".join(sorted(model.model_fields))


def _secret(name: str) -> bool:
    return bool(re.fullmatch(r"discord|telegram|chat|servers(\.[^.]+)?|.*\.(token|key)", name))
