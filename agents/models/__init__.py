"""The chat models behind one setting, each a LangChain `BaseChatModel` with `bind_tools`."""
