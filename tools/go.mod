module github.com/rappel-loop/rappel/tools

go 1.26
