{
    "name": "A host that nobody can set",
    "summary": "Outgoing mail servers have a computed host without an inverse, as an addon may decide",
    "version": "0.1.0",
    "author": "Postroom",
    "license": "GPL-3",
    "depends": ["base"],
}
