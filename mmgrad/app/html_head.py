"""What the HTML of a page gets on its way out: its own metadata for link previews, a first screen, compression.

Gradio writes the metadata of Gradio into every page, shows nothing until its scripts have run, and compresses scripts
only.
"""

import re
from html import escape

from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mmgrad.app.assets import STATIC, entry, module_folder, modules

PAGES = {
    "": ("mmgrad: search pictures with a photo and a change", "Search with a photo and a change in words; see why."),
    "method": (
        "mmgrad: how it works and how accurate it is",
        "The method behind the search, its formulas and results.",
    ),
}
"""Title and description by the path of the page."""

_FOREIGN = re.compile(r'<meta\s+(?:property="og:|name="twitter:)[^>]*?/>\s*', re.DOTALL)
_BODY = re.compile(r"<body[^>]*>")


class PageHead:
    """ASGI middleware that rewrites and compresses the pages and leaves every other answer alone."""

    def __init__(self, app: ASGIApp):
        self.app = app
        self.rewritten = GZipMiddleware(self._rewrite)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        page = scope["type"] == "http" and scope["method"] == "GET" and page_of(scope) in PAGES
        await (self.rewritten if page else self.app)(scope, receive, send)

    async def _rewrite(self, scope: Scope, receive: Receive, send: Send) -> None:
        start: Message = {}
        body = b""

        async def collect(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            body += message.get("body", b"")
            if message.get("more_body"):
                return
            content = body
            headers = [(key, value) for key, value in start["headers"] if key.lower() != b"content-length"]
            if start["status"] == 200 and any(key == b"content-type" and b"html" in value for key, value in headers):
                content = rewrite(body.decode(), page_of(scope), _address(Request(scope))).encode()
            headers.append((b"content-length", str(len(content)).encode()))
            await send({**start, "headers": headers})
            await send({"type": "http.response.body", "body": content})

        await self.app(scope, receive, collect)


def page_of(scope: Scope) -> str:
    """The path of a page below the root path."""
    return str(scope["path"]).removeprefix(scope.get("root_path", "")).strip("/")


def rewrite(html: str, page: str, address: str) -> str:
    """The HTML of a page with metadata that names it, its modules preloaded, and a first screen until it is drawn."""
    title, description = PAGES[page]
    head = _metadata(title, description, address) + _preloads()
    html = _FOREIGN.sub("", html).replace("</head>", f"{head}</head>", 1)
    return _BODY.sub(lambda body: body.group() + _first_screen(title, description), html, count=1)


def _metadata(title: str, description: str, address: str) -> str:
    told = {"og:title": title, "og:description": description, "og:url": address, "og:type": "website"}
    tags = [f'<meta property="{name}" content="{escape(text)}" />' for name, text in told.items()]
    tags.append(f'<meta name="description" content="{escape(description)}" />')
    tags.append('<meta name="twitter:card" content="summary" />')
    return "\n".join(tags)


def _preloads() -> str:
    """All modules are fetched side by side instead of one after the other."""
    others = [f"{module_folder()}/{name}" for name in modules() if name != "index.js"]
    return "".join(f'<link rel="modulepreload" href="./{url}" />' for url in (entry(), *others))


def _first_screen(title: str, description: str) -> str:
    markup = (STATIC / "first-screen.html").read_text(encoding="utf-8")
    return markup.replace("%TITLE%", escape(title.partition(": ")[2].capitalize())).replace(
        "%DESCRIPTION%", escape(description)
    )


def _address(request: Request) -> str:
    """The public address of a page, as a proxy names it."""
    scheme = request.headers.get("x-forwarded-proto", request.url.scheme).partition(",")[0]
    host = request.headers.get("x-forwarded-host", request.headers.get("host", "")).partition(",")[0]
    root = request.scope.get("root_path", "").rstrip("/")
    path = request.scope["path"].removeprefix(root)
    return f"{scheme}://{host}{root}{path}"
