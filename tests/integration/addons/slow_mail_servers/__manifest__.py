{
    "name": "Mail servers that take their time",
    "summary": "Each new outgoing mail server takes a tenth of a second, as with many addons on a busy machine",
    "version": "0.1.0",
    "author": "Postroom",
    "license": "GPL-3",
    "depends": ["base"],
}
