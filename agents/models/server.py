"""A chat model behind an OpenAI-compatible server: vLLM, SGLang, llama.cpp, Ollama."""

from langchain_core.language_models import BaseChatModel
from langchain_openai import ChatOpenAI
from pydantic import SecretStr


def server_model(url: str, name: str, key: str = "", seconds: float = 120) -> BaseChatModel:
    """Return the model `name` of the server at `url` (ending in /v1); connects when asked."""
    return ChatOpenAI(
        base_url=url,
        model=name,
        api_key=SecretStr(key or "none"),
        timeout=seconds,
        max_retries=1,
        temperature=0.2,
    )
