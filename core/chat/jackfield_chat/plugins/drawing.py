"""Components as the page receives them: plain JSON with a `kind`."""

import base64

from jackfield.api import Button, Chart, Component, Form, Image, List, Markdown, Progress, Table, Text

Drawing = dict[str, object]
LARGEST_IMAGE_BYTES = 256 * 1024
DEEPEST = 8  # lists in lists, before the rest is left out


def drawing(component: Component, depth: int = 0) -> Drawing:
    """Return a component, and what is in it, as JSON.

    Raises:
        ValueError: an image is larger than 256 KiB.
        TypeError: something in it is no component.
    """
    match component:
        case Text(text) | Markdown(text):
            return {"kind": "text" if isinstance(component, Text) else "markdown", "text": str(text)}
        case List(items, ordered):
            if depth >= DEEPEST:
                return {"kind": "text", "text": "…"}
            return {"kind": "list", "ordered": ordered, "items": [drawing(item, depth + 1) for item in items]}
        case Table(columns, rows):
            return {"kind": "table", "columns": list(columns), "rows": [list(row) for row in rows]}
        case Button(label, action, values, style):
            return {"kind": "button", "label": label, "action": action, "values": dict(values), "style": style}
        case Form():
            return _form(component)
        case Chart(labels, values, kind, unit):
            return {"kind": "chart", "labels": list(labels), "values": list(values), "shape": kind, "unit": unit}
        case Progress(value, total, label):
            return {"kind": "progress", "value": value, "total": total, "label": label}
        case Image(data, media_type, alternative):
            if len(data) > LARGEST_IMAGE_BYTES:
                raise ValueError(f"an image of {len(data)} bytes; at most {LARGEST_IMAGE_BYTES} are shown")
            source = f"data:{media_type};base64,{base64.b64encode(data).decode()}"
            return {"kind": "image", "source": source, "alternative": alternative}
    raise TypeError(f"{type(component).__name__} is no component")


def _form(form: Form) -> Drawing:
    fields = [
        {
            "name": field.name,
            "label": field.label,
            "type": field.type,
            "value": field.value,
            "choices": list(field.choices),
            "required": field.required,
        }
        for field in form.fields
    ]
    return {"kind": "form", "fields": fields, "action": form.action, "submit": form.submit}
