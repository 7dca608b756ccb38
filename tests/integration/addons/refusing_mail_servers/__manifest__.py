{
    "name": "Mail servers that refuse values",
    "summary": "Some values of outgoing mail servers, and the removal of one, are refused, as an addon may decide",
    "version": "0.1.0",
    "author": "Postroom",
    "license": "GPL-3",
    "depends": ["base"],
}
