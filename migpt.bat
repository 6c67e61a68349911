@echo off
rem Starts migpt: finds a Python and hands over to cli\bootstrap.py, which makes the environment on first use.
setlocal
set "PYTHON="
for %%P in ("py -3" "python" "python3") do if not defined PYTHON (
  %%~P -E -S -c "import sys; sys.exit(sys.version_info < (3, 11))" >nul 2>&1 && set "PYTHON=%%~P"
)
if not defined PYTHON (
  echo migpt: Python 3.11 or newer is needed: winget install Python.Python.3.13 1>&2
  exit /b 1
)
%PYTHON% -E -S "%~dp0cli\bootstrap.py" %*
exit /b %ERRORLEVEL%
