"""`python -m migpt_ha_bridge --config FILE`: the bridge to Home Assistant as a process."""

from migpt_shared.entry import service_main

if __name__ == "__main__":
    service_main("ha_bridge", "migpt_ha_bridge.service:HaBridgeService")
