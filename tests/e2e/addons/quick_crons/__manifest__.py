{
    "name": "Cron workers that look for work at once",
    "summary": "Loaded by the tests' own servers, installed nowhere",
    "version": "1.0.0",
    "author": "Postroom",
    "license": "LGPL-3",
    "depends": ["base"],
}
