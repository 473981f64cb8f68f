from emulator.cli import main

main(prog_name="flow-emulator")
