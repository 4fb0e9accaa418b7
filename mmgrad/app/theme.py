"""The Gradio theme: neutral grays, one warm accent, the fonts of the visitor's system."""

import gradio as gr

SANS = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")


def theme() -> gr.themes.Base:
    """The theme. It names system fonts only, so that no font is downloaded."""
    return gr.themes.Base(
        primary_hue=gr.themes.colors.orange,
        neutral_hue=gr.themes.colors.stone,
        radius_size=gr.themes.sizes.radius_lg,
        font=list(SANS),
        font_mono=list(MONO),
    ).set(
        body_background_fill="#faf9f7",
        body_background_fill_dark="#151311",
        body_text_color="#211d1a",
        body_text_color_dark="#efeae4",
        body_text_color_subdued="#655d55",
        body_text_color_subdued_dark="#b3aaa0",
        block_info_text_color="#655d55",
        block_info_text_color_dark="#b3aaa0",
        block_background_fill="#ffffff",
        block_background_fill_dark="#1e1b18",
        block_border_color="#e4dfd8",
        block_border_color_dark="#37322d",
        input_background_fill="#ffffff",
        input_background_fill_dark="#1e1b18",
        input_border_color="#d8d2ca",
        input_border_color_dark="#443e38",
        input_placeholder_color="#756c63",
        input_placeholder_color_dark="#a0968b",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_shadow="none",
        button_primary_background_fill="#9a3412",
        button_primary_background_fill_hover="#7c2d12",
        button_primary_background_fill_dark="#f0a35e",
        button_primary_background_fill_hover_dark="#f7b97f",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#1f140a",
    )
