{
    "name": "Stand-in for ThinkOpen's module",
    "summary": "Has its two fields and nothing else, so that a test can come from it and go back to it",
    "version": "1.0.0",
    "author": "Postroom",
    "license": "LGPL-3",
    "depends": ["mail"],
}
