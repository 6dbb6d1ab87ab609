@echo off
rem Starts Depthbridge with a fitting Python; a double click does the main job.
setlocal
set "CHOICE="
for %%V in (3.13 3.12 3.11 3.14) do if not defined CHOICE (
    py -%%V -c "import sys" >nul 2>nul && set "CHOICE=py -%%V"
)
if not defined CHOICE (
    python -c "import sys; sys.exit(sys.version_info < (3, 11))" >nul 2>nul && set "CHOICE=python"
)
if not defined CHOICE (
    echo Depthbridge needs 64-bit Python 3.11 to 3.14: https://www.python.org/downloads/windows/
    set "CODE=2"
    goto end
)
%CHOICE% "%~dp0run.py" %*
set "CODE=%ERRORLEVEL%"
:end
rem After a double click the window would close before anybody could read why.
if not "%CODE%"=="0" if "%~1"=="" pause
exit /b %CODE%
