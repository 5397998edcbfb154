"""One module a method; the file's name is the method's name. Copy _template.py to add one."""
