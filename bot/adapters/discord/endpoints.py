"""Where discord.py finds Discord.

discord.py 2.7 keeps its addresses in class attributes and takes none as arguments, so they count
for the whole process. It reads them late: the API's whenever a request is made (interactions and
webhooks included), the gateway's whenever a new session begins, the CDN's for avatars and icons.
Attachments carry their own address, and a session is resumed where the gateway's READY says.
"""

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

API = "https://discord.com/api/v10"
GATEWAY = "wss://gateway.discord.gg/"
CDN = "https://cdn.discordapp.com"


def use(api_url: str = "", gateway_url: str = "", cdn_url: str = "") -> None:
    """Speak to a compatible server; empty addresses are Discord's own.

    `api_url` ends in the version (".../api/v10"). Call it before a client logs in.
    """
    Route.BASE = (api_url or API).rstrip("/")
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url or GATEWAY)
    discord.Asset.BASE = (cdn_url or CDN).rstrip("/")
