import ast
import operator

PLUGIN_METADATA = {"id": "calculator", "version": "1.0.0"}

OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def on_load(server, prev):
    server.register_help_message("==<expression>", "calculates")


def on_user_info(server, info):
    if info.content.startswith("=="):
        try:
            server.say("{:g}".format(value(ast.parse(info.content[2:].strip(), mode="eval").body)))
        except (KeyError, SyntaxError, TypeError, ZeroDivisionError) as error:
            server.reply(info, "cannot: {}".format(type(error).__name__))


def value(node):
    if isinstance(node, ast.Constant):
        return node.value
    return OPERATORS[type(node.op)](value(node.left), value(node.right))
