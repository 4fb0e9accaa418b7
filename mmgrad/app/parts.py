"""Parts of the page that are drawn by its own ES modules, and the JavaScript that calls them from Gradio."""

from typing import Any

import gradio as gr

from mmgrad.app.assets import STATIC, entry


def imported(call: str) -> str:
    """JavaScript that calls an export of `static/index.js`; the module is `page`. It leaves no global behind."""
    return f'import(new URL("{entry()}", document.baseURI).href).then((page) => page.{call})'


def page_call(name: str, *arguments: str) -> str:
    """The `js` of an event: a function that calls an export of `static/index.js` and gives nothing back."""
    given = ", ".join(f'"{argument}"' for argument in arguments)
    return f"() => {imported(f'{name}({given})')}.then(() => [])"


def live_part(name: str, value: Any, events: tuple[str, ...] = (), visible: bool = True, **props: Any) -> gr.HTML:
    """A part that the export `name` of `static/index.js` draws from `props`.

    Its template is empty, so no text is ever evaluated. `events` are the names that it may trigger. `gr.HTML` has a
    listener for a name only if the script contains that name in quotes, so a comment lists the names.
    """
    named = " ".join(f'"{event}"' for event in events)
    return gr.HTML(
        value=value,
        html_template="",
        js_on_load=f"/* events: {named} */ {imported(f'{name}(element, props, trigger, watch)')};",
        elem_id=f"mm-{_kebab(name)}",
        apply_default_css=False,
        visible=visible,
        **props,
    )


def static_part(name: str, element: str, **replaced: str) -> gr.HTML:
    """A part of our own markup that never changes. `%NAME%` in the file is replaced; nothing of it is a visitor's."""
    markup = (STATIC / f"{name}.html").read_text(encoding="utf-8")
    for key, text in replaced.items():
        markup = markup.replace(f"%{key.upper()}%", text)
    return gr.HTML(html_template=markup, js_on_load=None, elem_id=element, apply_default_css=False)


def _kebab(name: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)
