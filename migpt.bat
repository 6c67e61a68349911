@echo off
rem Starts migpt: finds a Python and hands over to cli\bootstrap.py, which makes the environment on first use.
rem Without arguments, as after a double click: a menu (start, log in, settings, install, portable package).
setlocal
set "PYTHON="
for %%P in ("py -3" "python" "python3") do if not defined PYTHON (
  %%~P -E -S -c "import sys; sys.exit(sys.version_info < (3, 11))" >nul 2>&1 && set "PYTHON=%%~P"
)
if not defined PYTHON echo migpt: Python 3.11 or newer is needed: winget install Python.Python.3.13 1>&2
if not defined PYTHON if "%~1"=="" pause
if not defined PYTHON exit /b 1
rem The window of a double click stays open when something went wrong.
if "%~1"=="" %PYTHON% -E -S "%~dp0cli\bootstrap.py" menu || pause
if not "%~1"=="" %PYTHON% -E -S "%~dp0cli\bootstrap.py" %*
exit /b %ERRORLEVEL%
